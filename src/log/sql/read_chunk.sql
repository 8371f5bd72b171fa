select c.data
from blob b
left join blob_chunk c on c.upload = b.upload and c.ordinal = $2
where b.sha256 = $1
