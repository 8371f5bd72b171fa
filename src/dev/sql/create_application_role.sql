DO $$
BEGIN
    EXECUTE format('CREATE ROLE conncentric_app LOGIN PASSWORD %L', current_setting('conncentric_dev.password'));
END
$$
