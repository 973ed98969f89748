#include "routing/route.h"

#include <string.h>

/* What people and phone books put between digits (RFC 3966 5.1.1), and the space. */
static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

/* Digits without separators; false if anything else is in it, or too much. */
static bool keep_digits(struct slice dialled, char digits[NUMBER_SIZE], size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < dialled.size; i++) {
        char c = dialled.data[i];
        if (is_separator(c)) {
            continue;
        }
        if (c < '0' || c > '9' || *count + 1 >= NUMBER_SIZE) {
            return false;
        }
        digits[(*count)++] = c;
    }
    digits[*count] = '\0';
    return *count > 0;
}

/* Country code (or nothing) before what follows the first `skip_size` digits. */
static bool replace_prefix(const char *national, size_t skip_size, const char *country_code,
                           char digits[NUMBER_SIZE])
{
    size_t code_size = strlen(country_code);
    size_t rest_size = strlen(national) - skip_size;
    if (rest_size == 0 || code_size + rest_size + 1 > NUMBER_SIZE) {
        return false;
    }
    memcpy(digits, country_code, code_size);
    memcpy(digits + code_size, national + skip_size, rest_size + 1);
    return true;
}

static bool starts_with(const char *text, const char *prefix)
{
    return prefix[0] != '\0' && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool route_normalise(const struct account *account, struct slice dialled, char digits[NUMBER_SIZE])
{
    /* Parameters of a telephone-subscriber stay out (RFC 3261 19.1.6). */
    struct slice rest = dialled;
    struct slice number = slice_trim(slice_split(&rest, ';'));
    bool is_e164 = number.size > 0 && number.data[0] == '+';
    char kept[NUMBER_SIZE];
    size_t count = 0;
    if (!keep_digits(is_e164 ? slice_skip(number, 1) : number, kept, &count)) {
        return false;
    }
    bool has_plan = account != NULL && account->country_code[0] != '\0' && !is_e164;
    /* The longer prefix first: "00" begins with "0". */
    if (has_plan && starts_with(kept, account->international_prefix)) {
        return replace_prefix(kept, strlen(account->international_prefix), "", digits);
    }
    if (has_plan && starts_with(kept, account->national_prefix)) {
        return replace_prefix(kept, strlen(account->national_prefix), account->country_code,
                              digits);
    }
    return replace_prefix(kept, 0, "", digits);
}
