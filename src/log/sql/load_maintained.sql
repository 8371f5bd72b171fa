select adapter from projection.maintenance
