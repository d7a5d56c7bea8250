-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with coded as not materialized (
    select * from {{ ref('omop__coded_person') }}
),
"by gender, birth_year, visit__count" as materialized (
    select "gender", "birth_year", "visit__count", count(*) as __rows from coded group by "gender", "birth_year", "visit__count"
),
"by birth_year__fine" as materialized (
    select "birth_year__fine", count(*) as __rows from coded group by "birth_year__fine"
),
"by gender, race, died" as materialized (
    select "gender", "race", "died", count(*) as __rows from coded group by "gender", "race", "died"
),
"by birth_year, race, ethnicity" as materialized (
    select "birth_year", "race", "ethnicity", count(*) as __rows from coded group by "birth_year", "race", "ethnicity"
),
"by gender, ethnicity" as materialized (
    select "gender", "ethnicity", count(*) as __rows from coded group by "gender", "ethnicity"
),
"by birth_year, died" as materialized (
    select "birth_year", "died", count(*) as __rows from coded group by "birth_year", "died"
),
"by ethnicity, died, visit__count" as materialized (
    select "ethnicity", "died", "visit__count", count(*) as __rows from coded group by "ethnicity", "died", "visit__count"
),
"by visit__count__fine" as materialized (
    select "visit__count__fine", count(*) as __rows from coded group by "visit__count__fine"
),
"by race, visit__count" as materialized (
    select "race", "visit__count", count(*) as __rows from coded group by "race", "visit__count"
),
totals as (
    select 'person: gender' as query, cast("gender" as integer) as __cell, 1024 * sum(__rows) as total from "by gender, birth_year, visit__count" group by "gender"
    union all
    select 'person: birth_year__fine' as query, cast("birth_year__fine" as integer) as __cell, 1619 * sum(__rows) as total from "by birth_year__fine" group by "birth_year__fine"
    union all
    select 'person: gender, birth_year' as query, (cast("gender" as integer)) * 24 + "birth_year" as __cell, 1024 * sum(__rows) as total from "by gender, birth_year, visit__count" group by "gender", "birth_year"
    union all
    select 'person: race' as query, cast("race" as integer) as __cell, 1024 * sum(__rows) as total from "by gender, race, died" group by "race"
    union all
    select 'person: gender, race' as query, (cast("gender" as integer)) * 5 + "race" as __cell, 1024 * sum(__rows) as total from "by gender, race, died" group by "gender", "race"
    union all
    select 'person: birth_year, race' as query, (cast("birth_year" as integer)) * 5 + "race" as __cell, 1024 * sum(__rows) as total from "by birth_year, race, ethnicity" group by "birth_year", "race"
    union all
    select 'person: ethnicity' as query, cast("ethnicity" as integer) as __cell, 1024 * sum(__rows) as total from "by birth_year, race, ethnicity" group by "ethnicity"
    union all
    select 'person: gender, ethnicity' as query, (cast("gender" as integer)) * 4 + "ethnicity" as __cell, 1024 * sum(__rows) as total from "by gender, ethnicity" group by "gender", "ethnicity"
    union all
    select 'person: birth_year, ethnicity' as query, (cast("birth_year" as integer)) * 4 + "ethnicity" as __cell, 1024 * sum(__rows) as total from "by birth_year, race, ethnicity" group by "birth_year", "ethnicity"
    union all
    select 'person: race, ethnicity' as query, (cast("race" as integer)) * 4 + "ethnicity" as __cell, 1024 * sum(__rows) as total from "by birth_year, race, ethnicity" group by "race", "ethnicity"
    union all
    select 'person: died' as query, cast("died" as integer) as __cell, 1024 * sum(__rows) as total from "by gender, race, died" group by "died"
    union all
    select 'person: gender, died' as query, (cast("gender" as integer)) * 2 + "died" as __cell, 1024 * sum(__rows) as total from "by gender, race, died" group by "gender", "died"
    union all
    select 'person: birth_year, died' as query, (cast("birth_year" as integer)) * 2 + "died" as __cell, 1024 * sum(__rows) as total from "by birth_year, died" group by "birth_year", "died"
    union all
    select 'person: race, died' as query, (cast("race" as integer)) * 2 + "died" as __cell, 1024 * sum(__rows) as total from "by gender, race, died" group by "race", "died"
    union all
    select 'person: ethnicity, died' as query, (cast("ethnicity" as integer)) * 2 + "died" as __cell, 1024 * sum(__rows) as total from "by ethnicity, died, visit__count" group by "ethnicity", "died"
    union all
    select 'person: visit__count__fine' as query, cast("visit__count__fine" as integer) as __cell, 1619 * sum(__rows) as total from "by visit__count__fine" group by "visit__count__fine"
    union all
    select 'person: gender, visit__count' as query, (cast("gender" as integer)) * 17 + "visit__count" as __cell, 1024 * sum(__rows) as total from "by gender, birth_year, visit__count" group by "gender", "visit__count"
    union all
    select 'person: birth_year, visit__count' as query, (cast("birth_year" as integer)) * 17 + "visit__count" as __cell, 1024 * sum(__rows) as total from "by gender, birth_year, visit__count" group by "birth_year", "visit__count"
    union all
    select 'person: race, visit__count' as query, (cast("race" as integer)) * 17 + "visit__count" as __cell, 1024 * sum(__rows) as total from "by race, visit__count" group by "race", "visit__count"
    union all
    select 'person: ethnicity, visit__count' as query, (cast("ethnicity" as integer)) * 17 + "visit__count" as __cell, 1024 * sum(__rows) as total from "by ethnicity, died, visit__count" group by "ethnicity", "visit__count"
    union all
    select 'person: died, visit__count' as query, (cast("died" as integer)) * 17 + "visit__count" as __cell, 1024 * sum(__rows) as total from "by ethnicity, died, visit__count" group by "died", "visit__count"
)

select query, cast(__cell as bigint) as cell, cast(total as bigint) as total
from totals
where __cell is not null
