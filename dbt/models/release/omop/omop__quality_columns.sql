-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'omop'), schema='synthetic', alias='quality_columns') }}

with "person" as not materialized (
    select * from {{ ref('omop__person') }}
),
noised_sums as (
    select * from {{ source('omop_sums', 'noised_sums') }}
),
synthetic as (
    select 'gender' as column_name, case cast("gender" as varchar) when 'F' then 0 when 'M' then 1 when 'U' then 2 end as cell, __rows from (select "gender", count(*) as __rows from "person" group by "gender")
    union all
    select 'birth_year' as column_name, (case when "birth_year" < 1910 then 0 when "birth_year" < 1915 then 1 when "birth_year" < 1920 then 2 when "birth_year" < 1925 then 3 when "birth_year" < 1930 then 4 when "birth_year" < 1935 then 5 when "birth_year" < 1940 then 6 when "birth_year" < 1945 then 7 when "birth_year" < 1950 then 8 when "birth_year" < 1955 then 9 when "birth_year" < 1960 then 10 when "birth_year" < 1965 then 11 when "birth_year" < 1970 then 12 when "birth_year" < 1975 then 13 when "birth_year" < 1980 then 14 when "birth_year" < 1985 then 15 when "birth_year" < 1990 then 16 when "birth_year" < 1995 then 17 when "birth_year" < 2000 then 18 when "birth_year" < 2005 then 19 when "birth_year" < 2010 then 20 when "birth_year" < 2015 then 21 when "birth_year" < 2020 then 22 else 23 end) * 4 + greatest(0, least(("birth_year" - list_extract([1905, 1910, 1915, 1920, 1925, 1930, 1935, 1940, 1945, 1950, 1955, 1960, 1965, 1970, 1975, 1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015, 2020]::bigint[], (case when "birth_year" < 1910 then 0 when "birth_year" < 1915 then 1 when "birth_year" < 1920 then 2 when "birth_year" < 1925 then 3 when "birth_year" < 1930 then 4 when "birth_year" < 1935 then 5 when "birth_year" < 1940 then 6 when "birth_year" < 1945 then 7 when "birth_year" < 1950 then 8 when "birth_year" < 1955 then 9 when "birth_year" < 1960 then 10 when "birth_year" < 1965 then 11 when "birth_year" < 1970 then 12 when "birth_year" < 1975 then 13 when "birth_year" < 1980 then 14 when "birth_year" < 1985 then 15 when "birth_year" < 1990 then 16 when "birth_year" < 1995 then 17 when "birth_year" < 2000 then 18 when "birth_year" < 2005 then 19 when "birth_year" < 2010 then 20 when "birth_year" < 2015 then 21 when "birth_year" < 2020 then 22 else 23 end) + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], (case when "birth_year" < 1910 then 0 when "birth_year" < 1915 then 1 when "birth_year" < 1920 then 2 when "birth_year" < 1925 then 3 when "birth_year" < 1930 then 4 when "birth_year" < 1935 then 5 when "birth_year" < 1940 then 6 when "birth_year" < 1945 then 7 when "birth_year" < 1950 then 8 when "birth_year" < 1955 then 9 when "birth_year" < 1960 then 10 when "birth_year" < 1965 then 11 when "birth_year" < 1970 then 12 when "birth_year" < 1975 then 13 when "birth_year" < 1980 then 14 when "birth_year" < 1985 then 15 when "birth_year" < 1990 then 16 when "birth_year" < 1995 then 17 when "birth_year" < 2000 then 18 when "birth_year" < 2005 then 19 when "birth_year" < 2010 then 20 when "birth_year" < 2015 then 21 when "birth_year" < 2020 then 22 else 23 end) + 1) // (list_extract([1910, 1915, 1920, 1925, 1930, 1935, 1940, 1945, 1950, 1955, 1960, 1965, 1970, 1975, 1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015, 2020, 2025]::bigint[], (case when "birth_year" < 1910 then 0 when "birth_year" < 1915 then 1 when "birth_year" < 1920 then 2 when "birth_year" < 1925 then 3 when "birth_year" < 1930 then 4 when "birth_year" < 1935 then 5 when "birth_year" < 1940 then 6 when "birth_year" < 1945 then 7 when "birth_year" < 1950 then 8 when "birth_year" < 1955 then 9 when "birth_year" < 1960 then 10 when "birth_year" < 1965 then 11 when "birth_year" < 1970 then 12 when "birth_year" < 1975 then 13 when "birth_year" < 1980 then 14 when "birth_year" < 1985 then 15 when "birth_year" < 1990 then 16 when "birth_year" < 1995 then 17 when "birth_year" < 2000 then 18 when "birth_year" < 2005 then 19 when "birth_year" < 2010 then 20 when "birth_year" < 2015 then 21 when "birth_year" < 2020 then 22 else 23 end) + 1) - list_extract([1905, 1910, 1915, 1920, 1925, 1930, 1935, 1940, 1945, 1950, 1955, 1960, 1965, 1970, 1975, 1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015, 2020]::bigint[], (case when "birth_year" < 1910 then 0 when "birth_year" < 1915 then 1 when "birth_year" < 1920 then 2 when "birth_year" < 1925 then 3 when "birth_year" < 1930 then 4 when "birth_year" < 1935 then 5 when "birth_year" < 1940 then 6 when "birth_year" < 1945 then 7 when "birth_year" < 1950 then 8 when "birth_year" < 1955 then 9 when "birth_year" < 1960 then 10 when "birth_year" < 1965 then 11 when "birth_year" < 1970 then 12 when "birth_year" < 1975 then 13 when "birth_year" < 1980 then 14 when "birth_year" < 1985 then 15 when "birth_year" < 1990 then 16 when "birth_year" < 1995 then 17 when "birth_year" < 2000 then 18 when "birth_year" < 2005 then 19 when "birth_year" < 2010 then 20 when "birth_year" < 2015 then 21 when "birth_year" < 2020 then 22 else 23 end) + 1)), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], (case when "birth_year" < 1910 then 0 when "birth_year" < 1915 then 1 when "birth_year" < 1920 then 2 when "birth_year" < 1925 then 3 when "birth_year" < 1930 then 4 when "birth_year" < 1935 then 5 when "birth_year" < 1940 then 6 when "birth_year" < 1945 then 7 when "birth_year" < 1950 then 8 when "birth_year" < 1955 then 9 when "birth_year" < 1960 then 10 when "birth_year" < 1965 then 11 when "birth_year" < 1970 then 12 when "birth_year" < 1975 then 13 when "birth_year" < 1980 then 14 when "birth_year" < 1985 then 15 when "birth_year" < 1990 then 16 when "birth_year" < 1995 then 17 when "birth_year" < 2000 then 18 when "birth_year" < 2005 then 19 when "birth_year" < 2010 then 20 when "birth_year" < 2015 then 21 when "birth_year" < 2020 then 22 else 23 end) + 1) - 1)) as cell, __rows from (select "birth_year", count(*) as __rows from "person" group by "birth_year")
    union all
    select 'race' as column_name, case when "race" is null then 4 else case cast("race" as varchar) when '0' then 0 when '8515' then 1 when '8516' then 2 when '8527' then 3 end end as cell, __rows from (select "race", count(*) as __rows from "person" group by "race")
    union all
    select 'ethnicity' as column_name, case when "ethnicity" is null then 3 else case cast("ethnicity" as varchar) when '0' then 0 when '38003563' then 1 when '38003564' then 2 end end as cell, __rows from (select "ethnicity", count(*) as __rows from "person" group by "ethnicity")
    union all
    select 'died' as column_name, case cast("died" as varchar) when 'false' then 0 when 'true' then 1 end as cell, __rows from (select "died", count(*) as __rows from "person" group by "died")
),
counted as (
    select column_name, cell, sum(__rows) as synthetic_rows
    from synthetic
    group by column_name, cell
),
noised as (
    select 'gender' as column_name, cell, labels[1] as label, value, std_error
    from noised_sums where query = 'person: gender'
    union all
    select 'birth_year' as column_name, cell, labels[1] as label, value, std_error
    from noised_sums where query = 'person: birth_year__fine'
    union all
    select 'race' as column_name, cell, labels[1] as label, value, std_error
    from noised_sums where query = 'person: race'
    union all
    select 'ethnicity' as column_name, cell, labels[1] as label, value, std_error
    from noised_sums where query = 'person: ethnicity'
    union all
    select 'died' as column_name, cell, labels[1] as label, value, std_error
    from noised_sums where query = 'person: died'
),
compared as (
    select
        noised.column_name,
        noised.cell,
        noised.label,
        -- noise may make a sum negative, and even their total
        noised.value / greatest(sum(noised.value) over by_column, 1) as noised_share,
        noised.std_error / greatest(sum(noised.value) over by_column, 1) as std_error,
        coalesce(counted.synthetic_rows, 0) / greatest(sum(counted.synthetic_rows) over by_column, 1) as synthetic_share
    from noised
    left join counted on noised.column_name = counted.column_name and noised.cell = counted.cell
    window by_column as (partition by noised.column_name)
)

select
    cast(column_name as varchar) as column_name,
    cast(cell as bigint) as cell,
    cast(label as varchar) as label,
    cast(noised_share as double) as noised_share,
    cast(std_error as double) as std_error,
    cast(synthetic_share as double) as synthetic_share,
    cast(abs(synthetic_share - noised_share) / 2 as double) as distance
from compared
