-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_omop_condition') }}
),
typed as (
    select
        case when try_cast("condition_id" as double) = floor(try_cast("condition_id" as double)) then try_cast("condition_id" as bigint) end as "condition_id",
        case when try_cast("visit_id" as double) = floor(try_cast("visit_id" as double)) then try_cast("visit_id" as bigint) end as "visit_id",
        try_cast("concept" as varchar) as "concept"
    from source
),
inside as (
    select
        "condition_id",
        "visit_id",
        case when cast("concept" as varchar) in ('28060', '75036', '78272', '79740', '80502', '80809', '81151', '133834', '134438', '137613', '140673', '192279', '195588', '196456', '197500', '198199', '198809', '199076', '200970', '201826', '255848', '257012', '258780', '260139', '261325', '313217', '316866', '317009', '317576', '321042', '372328', '375671', '378001', '378419', '380378', '381316', '432867', '436096', '436676', '436940', '438130', '439393', '439777', '440086', '440448', '440674', '443597', '443601', '443614', '444094', '4001336', '4029498', '4035415', '4043241', '4048171', '4048695', '4051466', '4055754', '4056621', '4059173', '4078393', '4079749', '4079750', '4084167', '4094814', '4109685', '4110591', '4112343', '4113008', '4115276', '4116491', '4120314', '4129902', '4132546', '4134304', '4142905', '4146173', '4149245', '4152280', '4152936', '4155034', '4156265', '4166224', '4180790', '4214376', '4217975', '4218106', '4218389', '4226121', '4229440', '4230399', '4237458', '4245614', '4262136', '4278672', '4280726', '4283893', '4285898', '4294548', '4296204', '4296205', '4299128', '4310703', '4311629', '4329847', '4341247', '37016354', '37017023', '37169474', '37395648', '40318618', '40479422', '40479768', '40480160', '40481087', '40486433', '43530652', '43530656', '43530685', '45757499', '45763582', '45769905', '45770830') then "concept" end as "concept"
    from typed
),
complete as (
    select * from inside
    where "condition_id" is not null and "visit_id" is not null
),
keyed as (
    select "condition_id", "visit_id", "concept" from complete
    qualify row_number() over (partition by "visit_id", "condition_id" order by "condition_id", "visit_id", "concept") = 1
),
"visit__above" as (
    select * from {{ ref('omop__bounded_visit') }}
),
"person__above" as (
    select * from {{ ref('omop__bounded_person') }}
),
lawful as (
    select "condition"."condition_id", "condition"."visit_id", "condition"."concept"
    from keyed as "condition"
    join "visit__above" as "visit" on "condition"."visit_id" = "visit"."visit_id"
    join "person__above" as "person" on "visit"."person_id" = "person"."person_id"
),
bounded as (
    select * from lawful
    qualify row_number() over (partition by "visit_id" order by "condition_id", "visit_id", "concept") <= 8
)

select "condition_id", "visit_id", "concept"
from bounded
