select sweep_blobs(make_interval(secs => $1))
