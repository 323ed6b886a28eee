-- The history's current versions are the rows that staging has.
select dims.total_balance, staging.total_balance as staging_balance
from (select coalesce(sum(total_balance), 0) as total_balance from {{ ref('kpi_totals') }}) as dims
cross join (select coalesce(sum(balance), 0) as total_balance from {{ ref('stg_accounts') }} where not is_deleted) as staging
where dims.total_balance <> staging.total_balance
