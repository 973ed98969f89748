/* Whatever opens as a deck, even with a checksum that was made to fit, can be looked up and written
 * out without leaving its bytes. */
#include "fuzz.h"

#include "rating/deck.h"
#include "rating/deck_object.h"

#include <string.h>

static char csv[65536];

static void use(const struct deck *deck, size_t object_size)
{
    static const char *const digits[] = {
        "", "1", "49", "4930", "49301234567890123456789", "4x", "00000", "99999999999999999999"};
    static const int64_t times[] = {INT64_MIN, 0, 1700000000, INT64_MAX};
    for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++) {
        for (size_t j = 0; j < sizeof(times) / sizeof(times[0]); j++) {
            struct slice number = slice_from_text(digits[i]);
            struct rate rate;
            struct tri found = deck_lookup(deck, number, times[j], &rate);
            FUZZ_CHECK(found.is != TRI_UNKNOWN); /* a deck in memory is known */
            switch (found.is) {
            case TRI_UNKNOWN:
            case TRI_ABSENT:
                break;
            case TRI_PRESENT:
                FUZZ_CHECK(strlen(rate.prefix) <= number.size);
                FUZZ_CHECK(rate_price(&rate, 61000000) >= rate_price(&rate, 0));
                break;
            }
            struct deck_network network = {.mcc = slice_head(number, 3),
                                           .mnc = slice_skip(number, 3)};
            FUZZ_CHECK(deck_lookup_message(deck, &network, number, times[j], &rate).is !=
                       TRI_UNKNOWN);
            FUZZ_CHECK(deck_description(deck, number, times[j]).size < object_size);
        }
    }
    struct buf out;
    buf_init(&out, csv, sizeof(csv));
    FUZZ_CHECK(deck_write_csv(deck, &out) == !out.is_full);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *object = calloc(size > 0 ? size : 1, 1); /* aligned, and of just this size */
    FUZZ_CHECK(object != NULL);
    if (size > 0) {
        memcpy(object, data, size);
    }
    struct deck *deck = deck_open(object, size);
    if (deck == NULL && size >= sizeof(struct deck_header)) {
        struct deck_header header;
        memcpy(&header, object, sizeof(header));
        header.object_size = size;
        header.checksum = 0;
        memcpy(object, &header, sizeof(header));
        header.checksum = deck_checksum(object, size);
        memcpy(object, &header, sizeof(header));
        deck = deck_open(object, size);
    }
    if (deck != NULL) {
        use(deck, size);
        deck_close(deck);
    }
    free(object);
    return 0;
}
