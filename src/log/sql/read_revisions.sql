select r.position, r.revision, r.spec, r.recorded_at, r.actor
from projection.adapter_revision r
join projection.adapter a on a.adapter = r.adapter and a.declared_position <= r.position
where r.adapter = $1
  and ($2::integer is null or r.revision < $2)
order by r.position desc
limit $3
