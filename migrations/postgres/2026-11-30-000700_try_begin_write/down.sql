DROP FUNCTION "_try_begin_write"();
