-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('omop__bounded_person') }}
),
"visit__number" as (
    select "person_id" as "person_id", count(*) as number from {{ ref('omop__bounded_visit') }} group by "person_id"
),
"own" as (
    select
        bounded.*,
        case cast(bounded."gender" as varchar) when 'F' then 0 when 'M' then 1 when 'U' then 2 end as "gender__code",
        case when bounded."birth_year" < 1910 then 0 when bounded."birth_year" < 1915 then 1 when bounded."birth_year" < 1920 then 2 when bounded."birth_year" < 1925 then 3 when bounded."birth_year" < 1930 then 4 when bounded."birth_year" < 1935 then 5 when bounded."birth_year" < 1940 then 6 when bounded."birth_year" < 1945 then 7 when bounded."birth_year" < 1950 then 8 when bounded."birth_year" < 1955 then 9 when bounded."birth_year" < 1960 then 10 when bounded."birth_year" < 1965 then 11 when bounded."birth_year" < 1970 then 12 when bounded."birth_year" < 1975 then 13 when bounded."birth_year" < 1980 then 14 when bounded."birth_year" < 1985 then 15 when bounded."birth_year" < 1990 then 16 when bounded."birth_year" < 1995 then 17 when bounded."birth_year" < 2000 then 18 when bounded."birth_year" < 2005 then 19 when bounded."birth_year" < 2010 then 20 when bounded."birth_year" < 2015 then 21 when bounded."birth_year" < 2020 then 22 else 23 end as "birth_year__code",
        case when bounded."race" is null then 4 else case cast(bounded."race" as varchar) when '0' then 0 when '8515' then 1 when '8516' then 2 when '8527' then 3 end end as "race__code",
        case when bounded."ethnicity" is null then 3 else case cast(bounded."ethnicity" as varchar) when '0' then 0 when '38003563' then 1 when '38003564' then 2 end end as "ethnicity__code",
        case cast(bounded."died" as varchar) when 'false' then 0 when 'true' then 1 end as "died__code",
        coalesce("visit__number".number, 0) as "visit__rows",
        case when coalesce("visit__number".number, 0) < 1 then 0 when coalesce("visit__number".number, 0) < 2 then 1 when coalesce("visit__number".number, 0) < 3 then 2 when coalesce("visit__number".number, 0) < 4 then 3 when coalesce("visit__number".number, 0) < 5 then 4 when coalesce("visit__number".number, 0) < 7 then 5 when coalesce("visit__number".number, 0) < 8 then 6 when coalesce("visit__number".number, 0) < 10 then 7 when coalesce("visit__number".number, 0) < 13 then 8 when coalesce("visit__number".number, 0) < 16 then 9 when coalesce("visit__number".number, 0) < 20 then 10 when coalesce("visit__number".number, 0) < 25 then 11 when coalesce("visit__number".number, 0) < 31 then 12 when coalesce("visit__number".number, 0) < 39 then 13 when coalesce("visit__number".number, 0) < 48 then 14 when coalesce("visit__number".number, 0) < 60 then 15 else 16 end as "visit__count__code"
    from bounded
    left join "visit__number" on "visit__number"."person_id" = bounded."person_id"
),
"finely" as (
    select
        "person_id",
        "gender__code" as "gender",
        "birth_year__code" as "birth_year",
        "race__code" as "race",
        "ethnicity__code" as "ethnicity",
        "died__code" as "died",
        "visit__count__code" as "visit__count",
        "birth_year__code" * 4 + greatest(0, least(("birth_year" - list_extract([1905, 1910, 1915, 1920, 1925, 1930, 1935, 1940, 1945, 1950, 1955, 1960, 1965, 1970, 1975, 1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015, 2020]::bigint[], "birth_year__code" + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "birth_year__code" + 1) // (list_extract([1910, 1915, 1920, 1925, 1930, 1935, 1940, 1945, 1950, 1955, 1960, 1965, 1970, 1975, 1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015, 2020, 2025]::bigint[], "birth_year__code" + 1) - list_extract([1905, 1910, 1915, 1920, 1925, 1930, 1935, 1940, 1945, 1950, 1955, 1960, 1965, 1970, 1975, 1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015, 2020]::bigint[], "birth_year__code" + 1)), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "birth_year__code" + 1) - 1)) as "birth_year__fine",
        "visit__count__code" * 4 + greatest(0, least(("visit__rows" - list_extract([0, 1, 2, 3, 4, 5, 7, 8, 10, 13, 16, 20, 25, 31, 39, 48, 60]::bigint[], "visit__count__code" + 1)) * list_extract([1, 1, 1, 1, 1, 2, 1, 2, 3, 3, 4, 4, 4, 4, 4, 4, 4]::bigint[], "visit__count__code" + 1) // (list_extract([1, 2, 3, 4, 5, 7, 8, 10, 13, 16, 20, 25, 31, 39, 48, 60, 65]::bigint[], "visit__count__code" + 1) - list_extract([0, 1, 2, 3, 4, 5, 7, 8, 10, 13, 16, 20, 25, 31, 39, 48, 60]::bigint[], "visit__count__code" + 1)), list_extract([1, 1, 1, 1, 1, 2, 1, 2, 3, 3, 4, 4, 4, 4, 4, 4, 4]::bigint[], "visit__count__code" + 1) - 1)) as "visit__count__fine"
    from own
)

select
    "person_id",
    cast("gender" as utinyint) as "gender",
    cast("birth_year" as utinyint) as "birth_year",
    cast("race" as utinyint) as "race",
    cast("ethnicity" as utinyint) as "ethnicity",
    cast("died" as utinyint) as "died",
    cast("visit__count" as utinyint) as "visit__count",
    cast("birth_year__fine" as utinyint) as "birth_year__fine",
    cast("visit__count__fine" as utinyint) as "visit__count__fine"
from finely
