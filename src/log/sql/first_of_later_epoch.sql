select min(began) from projection.epoch where epoch > $1
