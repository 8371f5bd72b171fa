lock table projection.adapter in access share mode
