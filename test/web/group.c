/* group.c - what the files of tests here have in common: one web role for all tests of a file. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

void expect(struct answer answer, long status, const char *code)
{
    if (answer.status != status || strcmp(text_of(&answer, "code"), code) != 0) {
        print_error("%ld %s\n", answer.status, answer.body);
    }
    assert_int_equal(answer.status, status);
    assert_string_equal(text_of(&answer, "code"), code);
    answer_done(&answer);
}
