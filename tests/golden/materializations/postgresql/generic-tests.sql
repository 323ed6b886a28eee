-- run 1: fail, Got 1 result, configured to fail if != 0

select
  count(*) as failures,
  count(*) != 0 as should_warn,
  count(*) != 0 as should_error
from (
select v
from "warehouse"."public"."m"
where v is null


) dbt_internal_test;

select * from (
select v
from "warehouse"."public"."m"
where v is null

) failing_rows limit 20;
