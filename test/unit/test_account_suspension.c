/* The cap of automatic suspensions (I14): over any ten minutes, whatever the rules ask for. */
#include "account/suspension.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void five_or_one_percent_and_not_one_more(void **state)
{
    (void)state;
    static const struct {
        int64_t accounts, most;
    } cases[] = {{0, 5}, {1, 5}, {499, 5}, {500, 5}, {599, 5}, {600, 6}, {1000000, 10000}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t made = 0;
        while (made < 20000 && suspension_may_add(made, cases[i].accounts)) {
            made++;
        }
        assert_int_equal(made, cases[i].most);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_or_one_percent_and_not_one_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
