select ordinal, data
from blob_chunk
where upload = $1
order by ordinal
