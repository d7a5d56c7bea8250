-- Rendered by `wardloom compile` from specs/heart.yml: change the spec, not this file.
with coded as not materialized (
    select * from {{ ref('heart__coded_patient') }}
),
"by age__fine" as materialized (
    select "age__fine", count(*) as __rows from coded group by "age__fine"
),
"by age, sex, los_days" as materialized (
    select "age", "sex", "los_days", count(*) as __rows from coded group by "age", "sex", "los_days"
),
"by los_days__fine" as materialized (
    select "los_days__fine", count(*) as __rows from coded group by "los_days__fine"
),
totals as (
    select 'patient: age__fine' as query, cast("age__fine" as integer) as __cell, 1024 * sum(__rows) as total from "by age__fine" group by "age__fine"
    union all
    select 'patient: sex' as query, cast("sex" as integer) as __cell, 1024 * sum(__rows) as total from "by age, sex, los_days" group by "sex"
    union all
    select 'patient: age, sex' as query, (cast("age" as integer)) * 3 + "sex" as __cell, 1024 * sum(__rows) as total from "by age, sex, los_days" group by "age", "sex"
    union all
    select 'patient: los_days__fine' as query, cast("los_days__fine" as integer) as __cell, 1024 * sum(__rows) as total from "by los_days__fine" group by "los_days__fine"
    union all
    select 'patient: age, los_days' as query, (cast("age" as integer)) * 12 + "los_days" as __cell, 1024 * sum(__rows) as total from "by age, sex, los_days" group by "age", "los_days"
    union all
    select 'patient: sex, los_days' as query, (cast("sex" as integer)) * 12 + "los_days" as __cell, 1024 * sum(__rows) as total from "by age, sex, los_days" group by "sex", "los_days"
)

select query, cast(__cell as bigint) as cell, cast(total as bigint) as total
from totals
where __cell is not null
