select u.sha256, u.size, u.position, b.size as stored_size, b.upload
from projection.blob_use u
left join blob b using (sha256)
order by u.position
