/* statement.c - GET /v1/accounts/ACCOUNT/statement?month=: the ledger is read back to the month. */
#include "api/statement.h"

#include "api/handlers.h"
#include "base/clock.h"
#include "store/promotions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE 500
#define PATIENCE_US INT64_C(25000000)
#define TURN_S 5 /* longest wait until the statement before is made */

/* "2026-11". */
static bool parse_month(const char *text, struct statement *statement)
{
    struct tm from = {0};
    const char *rest = text == NULL ? NULL : strptime(text, "%Y-%m", &from);
    if (rest == NULL || *rest != '\0' || strlen(text) != 7) {
        return false;
    }
    from.tm_mday = 1;
    struct tm to = from;
    to.tm_mon++;
    statement->year = from.tm_year + 1900;
    statement->month = from.tm_mon + 1;
    statement->wall_from_us = (int64_t)timegm(&from) * 1000000;
    statement->wall_to_us = (int64_t)timegm(&to) * 1000000;
    return statement->year >= 1970;
}

enum form { FORM_JSON = 0, FORM_CSV, FORM_PDF, FORM_NONE };

static enum form read_form(struct api_call *call)
{
    static const char *const names[] = {"json", "csv", "pdf"};
    const char *name = api_argument(call, "format");
    if (name == NULL) {
        return FORM_JSON;
    }
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum form)i;
        }
    }
    api_problem_field(call, "format", "\"format\" is json, csv or pdf.");
    return FORM_NONE;
}

/* One page into the statement. */
static enum statement_step take_page(struct statement_maker *maker,
                                     const struct statement_row *rows, int count,
                                     int64_t *balance_micro)
{
    for (int i = 0; i < count; i++) {
        enum statement_step step = statement_take(maker, &rows[i]);
        if (step != STATEMENT_GOES_ON) {
            *balance_micro = rows[i].balance_micro; /* where OVER: what there was before */
            return step;
        }
    }
    return STATEMENT_GOES_ON;
}

/* False: answered. Each page is a transaction of its own; entries never change. */
static bool read_entries(struct api_call *call, uint64_t account_id, struct statement_row *rows,
                         struct statement_maker *maker)
{
    struct statement_cursor cursor = {0};
    enum statement_step step = STATEMENT_GOES_ON;
    int64_t balance_micro = 0;
    while (step == STATEMENT_GOES_ON && !(cursor.is_begun && cursor.next == 0)) {
        int count = 0;
        struct store *store = api_store(call);
        if (store == NULL ||
            !api_store_ok(call, ledger_statement(store, account_id, &cursor, rows, PAGE, &count),
                          "account")) {
            return false;
        }
        balance_micro = cursor.balance_micro;
        step = take_page(maker, rows, count, &balance_micro);
        if (clock_mono_us() - call->now_us > PATIENCE_US) {
            api_problem(call, PROBLEM_BUSY,
                        "There are too many entries since then to be read in time. Read them in "
                        "pages from /v1/accounts/ACCOUNT/transfers.");
            return false;
        }
    }
    if (step == STATEMENT_TOO_LONG) {
        api_problem(call, PROBLEM_REFUSED, "A statement has at most %d lines besides its calls.",
                    STATEMENT_LINES_MAX);
        return false;
    }
    if (step == STATEMENT_FAILED) {
        api_problem(call, PROBLEM_INTERNAL, "There is not enough memory.");
        return false;
    }
    statement_finish(maker, balance_micro);
    return true;
}

/* What stands on it as it is when it is made. False: answered. */
static bool read_present(struct api_call *call, uint64_t account_id, struct statement *statement)
{
    struct store *store = api_store(call);
    struct account_child *children = calloc(STATEMENT_CHILDREN_MAX + 1, sizeof(*children));
    int count = 0;
    if (children == NULL || store == NULL ||
        !api_store_ok(
            call,
            config_page_child(store, account_id, 0, children, STATEMENT_CHILDREN_MAX + 1, &count),
            "account")) {
        free(children);
        return false;
    }
    statement->children = children;
    statement->has_all_children = count <= STATEMENT_CHILDREN_MAX;
    statement->child_count = statement->has_all_children ? count : STATEMENT_CHILDREN_MAX;
    return api_store_ok(call, promotions_read(store, account_id, &statement->promotions),
                        "account");
}

static void answer_file(struct api_call *call, const struct statement *statement, enum form form)
{
    struct api_response *response = call->response;
    bool is_pdf = form == FORM_PDF;
    bool is_made = is_pdf ? statement_write_pdf(statement, call->api->options.domain,
                                                &response->body, &response->body_size)
                          : statement_write_csv(statement, &response->body, &response->body_size);
    if (!is_made) {
        api_problem(call, PROBLEM_INTERNAL, "The statement cannot be written.");
        return;
    }
    response->status = 200;
    response->content_type = is_pdf ? "application/pdf" : "text/csv; charset=utf-8";
    api_header(call, "Content-Disposition", "attachment; filename=\"%s-%04d-%02d.%s\"",
               statement->account, statement->year, statement->month, is_pdf ? "pdf" : "csv");
}

static void answer(struct api_call *call, const struct account *account, enum form form,
                   struct statement_maker *maker)
{
    struct statement *statement = &maker->statement;
    struct statement_row *rows = calloc(PAGE, sizeof(*rows));
    text_copy(statement->account, sizeof(statement->account), account->name);
    text_copy(statement->currency, sizeof(statement->currency), account->currency);
    statement->wall_made_us = call->wall_us;
    statement->is_final = call->wall_us >= statement->wall_to_us;
    if (rows == NULL) {
        api_problem(call, PROBLEM_INTERNAL, "There is not enough memory.");
    } else if (read_entries(call, account->id, rows, maker) &&
               read_present(call, account->id, statement)) {
        if (form == FORM_JSON) {
            api_json(call, 200, statement_write_json(statement));
        } else {
            answer_file(call, statement, form);
        }
    }
    statement_done(statement);
    free(rows);
}

/* A long one takes seconds: it must not take all the stores from the others. */
static bool take_turn(struct api_call *call)
{
    struct timespec until = clock_mono_after(TURN_S * INT64_C(1000000));
    if (pthread_mutex_clocklock(&call->api->statement_lock, CLOCK_MONOTONIC, &until) == 0) {
        return true;
    }
    api_problem(call, PROBLEM_BUSY, "Another statement is being made. Try again.");
    return false;
}

void money_statement(struct api_call *call)
{
    struct statement_maker maker = {0};
    enum form form = read_form(call);
    if (form == FORM_NONE) {
        return;
    }
    if (!parse_month(api_argument(call, "month"), &maker.statement)) {
        api_problem_field(call, "month", "\"month\" is a month such as 2026-11.");
        return;
    }
    if (!take_turn(call)) {
        return;
    }
    struct account *account = malloc(sizeof(*account));
    if (account != NULL && api_find_account(call, call->param, account)) {
        answer(call, account, form, &maker);
    }
    free(account);
    pthread_mutex_unlock(&call->api->statement_lock);
}
