-- Positions that hold nothing and are not recorded as dropped: those of pulses, which no export brings.
with ledger as (
    select position, lag(position, 1, 0::bigint) over (order by position) as before from event where not pulse
    union all
    select position + 1, ledger_position from event_head
), missing as (
    select coalesce(range_agg(int8range(before + 1, position)), '{}')
           - coalesce((select range_agg(int8range((data ->> 'first')::bigint, (data ->> 'last')::bigint, '[]'))
                       from event where not pulse and type = 'PulsesDropped'), '{}') as positions
    from ledger
)
select lower(positions) as first, upper(positions) - 1 as last,
       (select sum(upper(part) - lower(part)) from unnest(positions) part)::bigint as count
from missing
where not isempty(positions)
