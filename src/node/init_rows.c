#include "node/init.h"

#include "api/secret.h"
#include "sip/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTOR "init"
#define CHUNK 1000 /* endpoints a transaction */

bool init_is_stored(struct init *init, enum store_result result, const char *what)
{
    if (result != STORE_OK) {
        fprintf(stderr, "dialtone init: %s cannot be stored: %s\n", what, store_error(init->store));
    }
    return result == STORE_OK;
}

/* 32 letters and digits that are not mistaken for each other when copied by hand. */
bool init_password(char password[INIT_PASSWORD_SIZE])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t bytes[INIT_PASSWORD_SIZE - 1];
    if (!secret_random(bytes, sizeof(bytes))) {
        fprintf(stderr, "dialtone init: the system gives no random numbers\n");
        return false;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        password[i] = letters[bytes[i] % (sizeof(letters) - 1)];
    }
    password[INIT_PASSWORD_SIZE - 1] = '\0';
    return true;
}

static bool top_up(struct init *init, const struct account *account, int64_t balance_micro)
{
    struct money_request request = {.account_id = account->id, .amount_micro = balance_micro};
    struct money_answer answer;
    snprintf(request.kind, sizeof(request.kind), "topup");
    snprintf(request.key, sizeof(request.key), "init-%s", account->name);
    snprintf(request.actor, sizeof(request.actor), ACTOR);
    snprintf(request.reason, sizeof(request.reason), "first balance");
    secret_hash(slice_from_text(request.key), request.request_hash);
    return init_is_stored(init, ledger_money(init->store, &request, &answer), "a balance");
}

bool init_account(struct init *init, const char *name, int64_t balance_micro, uint32_t sell_deck,
                  struct account *out)
{
    bool is_load = init->options->load_users > 0;
    *out = (struct account){.kind = ACCOUNT_PREPAID,
                            .class_ = ACCOUNT_VERIFIED,
                            .currency = "EUR",
                            .grace_micro = is_load ? 0 : -1,
                            .channels_max = NO_LIMIT,
                            .cps_max = NO_LIMIT,
                            .spend_day_micro = NO_LIMIT,
                            .low_balance_micro = -1,
                            .sell_deck = sell_deck};
    snprintf(out->name, sizeof(out->name), "%s", name);
    if (!is_load) {
        snprintf(out->country_code, sizeof(out->country_code), "49");
        snprintf(out->national_prefix, sizeof(out->national_prefix), "0");
        snprintf(out->international_prefix, sizeof(out->international_prefix), "00");
    }
    return init_is_stored(init, config_put_account(init->store, out, ACTOR), "an account") &&
           (balance_micro == 0 || top_up(init, out, balance_micro));
}

static void set_credentials(struct digest_context *context, const char *domain,
                            const char *password, struct endpoint *row)
{
    struct digest_ha1 ha1;
    digest_ha1_make(context, slice_from_text(row->user), slice_from_text(domain),
                    slice_from_text(password), &ha1);
    memcpy(row->ha1_md5, ha1.md5, sizeof(row->ha1_md5));
    memcpy(row->ha1_sha256, ha1.sha256, sizeof(row->ha1_sha256));
}

bool init_endpoint(struct init *init, uint64_t account_id, const char *user, const char *number,
                   char password[INIT_PASSWORD_SIZE])
{
    struct digest_context *context = digest_context_new();
    struct endpoint row = {.account_id = account_id, .identity_count = 1};
    bool is_made = context != NULL && init_password(password);
    if (is_made) {
        snprintf(row.user, sizeof(row.user), "%s", user);
        snprintf(row.identities[0], sizeof(row.identities[0]), "%s", number);
        set_credentials(context, init->options->domain, password, &row);
        is_made = init_is_stored(init, config_put_endpoint(init->store, &row, ACTOR), user);
    }
    digest_context_free(context);
    return is_made;
}

/* u0000000, u0000001, ... with passwords pw-u0000000, ...: for generators of load. */
bool init_endpoints(struct init *init, uint64_t account_id, uint64_t count)
{
    struct digest_context *context = digest_context_new();
    struct endpoint *rows = calloc(CHUNK, sizeof(*rows));
    bool is_made = context != NULL && rows != NULL;
    for (uint64_t at = 0; is_made && at < count; at += CHUNK) {
        int size = count - at < CHUNK ? (int)(count - at) : CHUNK;
        memset(rows, 0, CHUNK * sizeof(*rows));
        for (int i = 0; i < size; i++) {
            char password[32];
            rows[i].account_id = account_id;
            snprintf(rows[i].user, sizeof(rows[i].user), "u%07llu",
                     (unsigned long long)at + (unsigned)i);
            snprintf(password, sizeof(password), "pw-u%07llu",
                     (unsigned long long)at + (unsigned)i);
            set_credentials(context, init->options->domain, password, &rows[i]);
        }
        is_made =
            init_is_stored(init, config_put_endpoints(init->store, rows, size, ACTOR), "users");
    }
    free(rows);
    digest_context_free(context);
    return is_made;
}
