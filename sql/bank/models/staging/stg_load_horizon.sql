{{ config(materialized='table') }}

-- How far this run looks: to the end of the last complete load. Built first, so that every model sees the same.
select coalesce(max(load_seq), 0) as load_seq
from {{ source('millrace', 'load_run') }}
