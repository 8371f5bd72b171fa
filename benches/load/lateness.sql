-- How late each of these sessions was taken over, in milliseconds: its claim, less the last heartbeat of the registration that held
-- it, less the timeout of its lease.
with beat as (
    select beats.registration, max(pulse.recorded_at) as at
    from event pulse
    cross join lateral unnest(pulse.registrations) as beats (registration)
    where pulse.pulse and pulse.position > $3 and beats.registration = any ($2::integer[])
    group by beats.registration
)
select extract(epoch from claim.recorded_at - beat.at) * 1000::float8 - (claim.data ->> 'ttl_ms')::float8
from unnest($1::text[], $2::integer[]) as dead (session, registration)
join beat on beat.registration = dead.registration
join event claim on not claim.pulse and claim.position > $3 and claim.type = 'SessionClaimed'
    and claim.data ->> 'kind' = 'takeover' and claim.stream = 'session:' || dead.session
order by 1
