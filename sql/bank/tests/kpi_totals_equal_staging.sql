-- The current versions of the dimension add up to what staging has.
select kpi.total_balance, staging.total_balance as staging_balance
from (select coalesce(sum(total_balance), 0) as total_balance from {{ ref('kpi_totals') }}) as kpi
cross join (
  select coalesce(sum(balance), 0) as total_balance from {{ ref('stg_accounts') }} where not is_deleted
) as staging
where kpi.total_balance <> staging.total_balance
