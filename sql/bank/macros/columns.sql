{# The columns of the source's tables: name in the warehouse, and how it is read from an event's `content`. #}
{% macro customer_columns() %}
{{ return({
    'first_name': "content ->> 'first_name'",
    'last_name': "content ->> 'last_name'",
    'email': "content ->> 'email'",
    'phone': "content ->> 'phone'",
    'date_of_birth': event_date("content -> 'date_of_birth'"),
    'cust_address': "content ->> 'address'",
    'cust_status': "content ->> 'status'",
    'created_at': "(content ->> 'created_at')::timestamptz",
    'updated_at': "(content ->> 'updated_at')::timestamptz",
}) }}
{% endmacro %}

{% macro account_columns() %}
{{ return({
    'account_number': "content ->> 'account_number'",
    'customer_id': "(content ->> 'customer_id')::bigint",
    'account_type': "content ->> 'account_type'",
    'account_status': "content ->> 'status'",
    'balance': "(content ->> 'balance')::numeric(18, 2)",
    'interest_rate': "(content ->> 'interest_rate')::numeric(5, 2)",
    'currency': "content ->> 'currency'",
    'opened_at': "(content ->> 'opened_at')::timestamptz",
    'closed_at': "(content ->> 'closed_at')::timestamptz",
    'created_at': "(content ->> 'created_at')::timestamptz",
    'updated_at': "(content ->> 'updated_at')::timestamptz",
}) }}
{% endmacro %}
