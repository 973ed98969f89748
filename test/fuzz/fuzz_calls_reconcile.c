/* A carrier's file of call records: whatever it says, it is read or refused with a sentence, and
 * compared with itself nothing differs. */
#include "fuzz.h"

#include "calls/reconcile_csv.h"

#include <string.h>

#define ROWS_MAX 200u /* more of one second and number are not all looked at */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reconcile_form form = {0};
    struct reconcile_terms terms = {.window_us = 60000000};
    struct reconcile_calls calls = {0};
    struct reconcile_faults faults;
    struct reconcile_result result;
    uint32_t silent_count;
    char error[200] = "";
    if (!reconcile_csv_read(slice_make((const char *)data, size), &form, &calls, &silent_count,
                            &faults, error)) {
        FUZZ_CHECK(error[0] != '\0' && memchr(error, '\0', sizeof(error)) != NULL);
    } else if (calls.count <= ROWS_MAX) {
        FUZZ_CHECK(reconcile_match(&calls, &calls, &terms, &result));
        FUZZ_CHECK(result.pair_count == calls.count);
        for (size_t i = 0; i < result.pair_count; i++) {
            FUZZ_CHECK(result.is_our_matched[i] && result.is_their_matched[i]);
        }
        reconcile_done(&result);
    }
    reconcile_calls_done(&calls);
    return 0;
}
