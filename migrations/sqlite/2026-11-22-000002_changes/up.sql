-- Changes go from the one writer to the clients inside the process; PostgreSQL has tables for this.
SELECT 1;
