/* group.c - what the files of tests here have in common: one web role for all tests of a file. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sqlite3.h>

struct fixture *web;

int web_start(void **state)
{
    (void)state;
    web = fixture_start();
    return web == NULL;
}

int web_stop(void **state)
{
    (void)state;
    fixture_stop(web);
    return 0;
}

struct answer ask_operator(const char *method, const char *path, const char *body)
{
    return ask_web(web, (struct question){method, path, web->operator_key, body, {NULL}});
}

struct answer ask_statement(const char *format)
{
    char month[64], path[80];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(month, sizeof(month), "/v1/accounts/acme/statement?month=%Y-%m", &tm);
    snprintf(path, sizeof(path), "%s&format=%s", month, format);
    return ask_web(web, (struct question){"GET", path, web->customer_key, NULL, {NULL}});
}

void fixture_sql(const struct fixture *fixture, const char *sql)
{
    char path[300];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/dialtone.db", fixture->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

void expect(struct answer answer, long status, const char *code)
{
    if (answer.status != status || strcmp(text_of(&answer, "code"), code) != 0) {
        print_error("%ld %s\n", answer.status, answer.body);
    }
    assert_int_equal(answer.status, status);
    assert_string_equal(text_of(&answer, "code"), code);
    answer_done(&answer);
}
