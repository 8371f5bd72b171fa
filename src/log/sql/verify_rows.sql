select table_name, row_count, problem, key, live_row, rebuilt_row from first_differences('projection', current_schema(), $1, $2)
