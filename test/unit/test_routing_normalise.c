#include "routing/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct account german = {
    .country_code = "49", .national_prefix = "0", .international_prefix = "00"};
static const struct account american = {
    .country_code = "1", .national_prefix = "1", .international_prefix = "011"};
static const struct account plain = {.id = 1};

static void a_dialled_string_becomes_e164_by_the_plan_of_the_account(void **state)
{
    (void)state;
    static const struct {
        const struct account *account;
        const char *dialled, *digits; /* digits NULL: refused */
    } table[] = {
        {&german, "+4930123", "4930123"},
        {&german, "004930123", "4930123"},
        {&german, "030123", "4930123"},
        {&german, "4930123", "4930123"},
        {&german, "+49 (30) 12-34.5/6", "4930123456"},
        {&german, "+4930123;phone-context=+49", "4930123"},
        {&german, "00", NULL},
        {&german, "0", NULL},
        {&german, "+", NULL},
        {&german, "", NULL},
        {&german, "()", NULL},
        {&german, "030123a", NULL},
        {&german, "*100#", NULL},
        {&german, "49+30", NULL},
        {&german, "+00123", "00123"},
        {&american, "0114930123", "4930123"},
        {&american, "12125550100", "12125550100"},
        {&plain, "0049", "0049"},
        {&plain, "+49", "49"},
        {NULL, "4930", "4930"},
        {NULL, "12345678901234567890123", "12345678901234567890123"},
        {NULL, "123456789012345678901234", NULL},
        {&german, "01234567890123456789012", NULL}, /* too long once it has its country */
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        char digits[NUMBER_SIZE] = "untouched";
        bool is_number =
            route_normalise(table[i].account, slice_from_text(table[i].dialled), digits);
        if (is_number != (table[i].digits != NULL)) {
            fail_msg("%s", table[i].dialled);
        }
        assert_string_equal(digits, is_number ? table[i].digits : "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dialled_string_becomes_e164_by_the_plan_of_the_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
