-- With PgBouncer the portal cannot set its limits a connection: the role carries them. Run as its owner or a superuser.
ALTER ROLE portal SET statement_timeout = '30min';
ALTER ROLE portal SET lock_timeout = '30s';
ALTER ROLE portal SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE portal SET max_parallel_workers_per_gather = 0;
