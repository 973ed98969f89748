/* `dialtone init`: a directory becomes an installation, or is left as it was. */
#include "program.h"

#include "base/attr.h"
#include "node/config.h"
#include "sip/digest.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct program_output output;

static struct store *open_store(const char *dir)
{
    struct store *store = store_new(&(struct store_options){.dir = dir, .deadline_us = 2000000});
    assert_non_null(store);
    return store;
}

static mode_t mode_of(const char *dir, const char *name)
{
    char path[512];
    struct stat found;
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(stat(path, &found), 0);
    return found.st_mode & 0777;
}

static void a_new_directory_is_made_and_can_be_checked(void **state)
{
    (void)state;
    char dir[256];
    char inner[300];
    program_dir(dir);
    snprintf(inner, sizeof(inner), "%s/new", dir);
    program_run("init % --domain sip.example.com", inner, &output);
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "Console operator: admin, password "));
    assert_string_equal(output.err, "");

    struct node_config config;
    char error[512];
    assert_true(config_load(inner, &config, error, sizeof(error)));
    assert_string_equal(config.domain, "sip.example.com");
    assert_int_equal(config.listen_count, 2);
    program_run("check %", inner, &output);
    assert_int_equal(output.status, 0);
    program_run("audit %", inner, &output);
    assert_int_equal(output.status, 0);
    program_remove(dir);
}

static void secrets_are_for_the_owner_only(void **state)
{
    (void)state;
    char dir[256];
    program_dir(dir);
    program_run("init % --demo", dir, &output);
    assert_int_equal(output.status, 0);
    assert_null(strstr(output.out, "password")); /* a log of ./run must not hold it */
    static const char *const files[] = {"dialtone.conf", "dialtone.db", "secrets/admin.key",
                                        "demo.txt",      "phones.conf", "carrier.conf"};
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        assert_int_equal(mode_of(dir, files[i]), 0600);
    }
    assert_int_equal(mode_of(dir, "secrets"), 0700);
    assert_int_equal(mode_of(dir, "run"), 0700);
    program_remove(dir);
}

static void a_second_init_changes_nothing(void **state)
{
    (void)state;
    char dir[256];
    char before[33];
    char after[33];
    uint64_t version = 0;
    program_dir(dir);
    program_run("init %", dir, &output);
    struct store *store = open_store(dir);
    assert_int_equal(store_identity(store, before, &version), STORE_OK);
    program_run("init %", dir, &output);
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "nothing was changed"));
    program_run("init % --demo", dir, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "is an installation already"));
    assert_int_equal(store_identity(store, after, &version), STORE_OK);
    assert_string_equal(before, after);
    struct account row;
    assert_int_equal(config_account_by_name(store, "acme", &row), STORE_ABSENT);
    store_free(store);
    program_remove(dir);
}

static void a_directory_with_other_files_is_left_alone(void **state)
{
    (void)state;
    char dir[256];
    char path[300];
    program_dir(dir);
    assert_true(program_write(dir, "letter.txt", "dear all"));
    program_run("init %", dir, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "has other files in it"));
    snprintf(path, sizeof(path), "%s/dialtone.db", dir);
    assert_int_not_equal(access(path, F_OK), 0);
    program_remove(dir);
}

static void wrong_words_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *error;
    } rows[] = {
        {"init", "dialtone init: name one directory: dialtone init DIR\n"},
        {"init % --domain bad_name", "dialtone init: --domain is a name such as sip.example.com\n"},
        {"init % --http 8080",
         "dialtone init: --http is an address and a port: 127.0.0.1:8080 or [::1]:8080\n"},
        {"init % --listen 5060",
         "dialtone init: --listen is like udp:192.0.2.1:5060 or tcp:[2001:db8::1]:5060\n"},
        {"init % --load-users 0", "dialtone init: --load-users is a number from 1 to 9999999\n"},
        {"init % --load-users many", "dialtone init: --load-users is a number from 1 to 9999999\n"},
        {"init % --load-users 5 --load-balance -1",
         "dialtone init: --load-balance is an amount such as 20.00\n"},
        {"init % --load-users 5 --load-price x",
         "dialtone init: --load-price is a price a minute such as 0.01\n"},
        {"init % --load-price 1",
         "dialtone init: --load-balance and --load-price belong to --load-users\n"},
        {"init % --demo --load-users 5",
         "dialtone init: --demo and --load-users make different installations\n"},
    };
    char dir[256];
    program_dir(dir);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        program_run(rows[i].line, dir, &output);
        assert_int_equal(output.status, 2);
        assert_string_equal(output.err, rows[i].error);
    }
    assert_int_equal(rmdir(dir), 0); /* nothing was made */
}

static void load_users_are_there_with_their_passwords(void **state)
{
    (void)state;
    char dir[256];
    struct account account;
    struct endpoint endpoint;
    struct balance balance;
    struct digest_ha1 ha1;
    struct node_config config;
    char error[512];
    program_dir(dir);
    program_run("init % --load-users 2500 --load-balance 20.00 --load-price 60 --domain load.test",
                dir, &output);
    assert_int_equal(output.status, 0);
    struct store *store = open_store(dir);
    assert_int_equal(config_account_by_name(store, "load", &account), STORE_OK);
    assert_int_equal(account.grace_micro, 0);
    assert_int_equal(account.channels_max, NO_LIMIT);
    assert_int_equal(account.cps_max, NO_LIMIT);
    assert_int_equal(account.spend_day_micro, NO_LIMIT);
    assert_int_equal(ledger_balance(store, account.id, &balance), STORE_OK);
    assert_int_equal(balance.balance_micro, 20000000);
    assert_int_equal(config_endpoint_by_user(store, "u0002500", &endpoint), STORE_ABSENT);
    assert_int_equal(config_endpoint_by_user(store, "u0002499", &endpoint), STORE_OK);
    assert_int_equal(endpoint.account_id, account.id);

    struct digest_context *context = digest_context_new();
    digest_ha1_make(context, SLICE("u0002499"), SLICE("load.test"), SLICE("pw-u0002499"), &ha1);
    digest_context_free(context);
    assert_memory_equal(endpoint.ha1_md5, ha1.md5, sizeof(ha1.md5));
    assert_memory_equal(endpoint.ha1_sha256, ha1.sha256, sizeof(ha1.sha256));

    assert_true(config_load(dir, &config, error, sizeof(error)));
    assert_int_equal(config.on_net_nano_per_min, INT64_C(60000000000));
    assert_int_equal(config.on_net_first_s, 1);
    assert_int_equal(config.on_net_next_s, 1);
    store_free(store);
    program_remove(dir);
}

static void the_demo_has_what_its_phones_need(void **state)
{
    (void)state;
    char dir[256];
    struct account account;
    struct endpoint endpoint;
    struct number number;
    struct trunk trunk;
    struct balance balance;
    program_dir(dir);
    program_run("init % --demo --listen udp:127.0.0.1:25660 --http 127.0.0.1:28660", dir, &output);
    assert_int_equal(output.status, 0);
    struct store *store = open_store(dir);
    assert_int_equal(config_account_by_name(store, "acme", &account), STORE_OK);
    assert_int_not_equal(account.sell_deck, 0);
    assert_int_equal(ledger_balance(store, account.id, &balance), STORE_OK);
    assert_int_equal(balance.balance_micro, 25000000);
    assert_int_equal(config_account_by_name(store, "bravo", &account), STORE_OK);
    static const char *const users[] = {"alice", "bob", "carol", "you"};
    for (size_t i = 0; i < ARRAY_COUNT(users); i++) {
        assert_int_equal(config_endpoint_by_user(store, users[i], &endpoint), STORE_OK);
    }
    assert_int_equal(config_number_by_digits(store, "493023125001", &number), STORE_OK);
    assert_string_equal(number.endpoint_user, "alice");
    assert_int_equal(config_trunk_by_name(store, "carrier", &trunk), STORE_OK);
    assert_int_equal(trunk.port, 25670);
    store_free(store);
    program_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_directory_is_made_and_can_be_checked),
        cmocka_unit_test(secrets_are_for_the_owner_only),
        cmocka_unit_test(a_second_init_changes_nothing),
        cmocka_unit_test(a_directory_with_other_files_is_left_alone),
        cmocka_unit_test(wrong_words_are_named),
        cmocka_unit_test(load_users_are_there_with_their_passwords),
        cmocka_unit_test(the_demo_has_what_its_phones_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
