select oldest_program from schema_compatibility where version = $1
