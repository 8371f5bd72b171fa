-- The rows come by the index, page by page: a sort would read everything before it gives anything.
select set_config('enable_sort', $1, true)
