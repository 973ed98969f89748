/* DIR/dialtone.conf: what is taken, and how each mistake is named. */
#include "node/config.h"
#include "node/config_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "listen = [\"udp:127.0.0.1:5060\"];\n"

static char dir[256];

static bool load(const char *text, struct node_config *config, char error[512])
{
    char path[300];
    snprintf(path, sizeof(path), "%s/dialtone.conf", dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    error[0] = '\0';
    return config_load(dir, config, error, 512);
}

static void a_mistake_is_named_with_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error; /* after the path */
    } rows[] = {
        {"", ":0: 'listen' is missing: name at least one address"},
        {GOOD "lisen = [];\n", ":2: unknown key 'lisen': did you mean 'listen'?"},
        {GOOD "limits = { cals = 3; };\n",
         ":2: unknown key 'limits.cals': did you mean 'limits.calls'?"},
        {GOOD "\nworkers = \"two\";\n", ":3: 'workers' must be a whole number from 0 to 32"},
        {GOOD "workers = 33;\n", ":2: 'workers' must be a whole number from 0 to 32"},
        {GOOD "workers = 2.5;\n", ":2: 'workers' must be a whole number from 0 to 32"},
        {GOOD "drill = 1;\n", ":2: 'drill' must be true or false"},
        {GOOD "domain = 3;\n", ":2: 'domain' must be a text in quotes"},
        {GOOD "currency = \"EURO\";\n", ":2: 'currency' must be a shorter text"},
        {GOOD "currency = \"EU\";\n", ":0: 'currency' must be three letters, like \"EUR\""},
        {GOOD "low_balance = { below = \"5\"; };\n",
         ":2: unknown key 'low_balance.below': did you mean 'low_balance'?"},
        {GOOD "low_balance = ( { below = \"5\"; } );\n",
         ":2: 'low_balance' must be groups that name their currency"},
        {GOOD "low_balance = ( { currency = \"eur\"; } );\n",
         ":2: 'low_balance' must be a group whose currency is three capital letters, "
         "like \"EUR\""},
        {GOOD "low_balance = ( { currency = \"EUR\"; below = 5; } );\n",
         ":2: 'low_balance' must be groups with amounts in quotes, like \"5.00\""},
        {GOOD "low_balance = ( { currency = \"EUR\"; bellow = \"5\"; } );\n",
         ":2: 'low_balance' must be groups of currency, below, topup_max and topup_day"},
        {GOOD "low_balance = ( { currency = \"EUR\"; topup_max = \"5\"; } );\n",
         ":2: 'low_balance' must be groups where topup_max and topup_day go together, "
         "topup_day at least topup_max"},
        {GOOD "low_balance = ( { currency = \"EUR\"; },\n { currency = \"EUR\"; } );\n",
         ":3: 'low_balance' must be a list with one group for each currency"},
        {GOOD "webhook = { url = \"ftp://x\"; };\n",
         ":0: 'webhook.url' must begin with https:// or http://"},
        {GOOD "webhook = { attempts = 0; };\n",
         ":2: 'webhook.attempts' must be a whole number from 1 to 1000"},
        {GOOD "grace = { total = 500; };\n", ":2: 'grace.total' must be a text in quotes"},
        {GOOD "grace = { total = \"-1\"; };\n",
         ":2: 'grace.total' must be an amount in quotes, like \"0.50\""},
        {GOOD "on_net = { price = \"a lot\"; };\n",
         ":2: 'on_net.price' must be an amount in quotes, like \"0.50\""},
        {GOOD "registrar = { expires_min = 600; expires_max = 60; };\n",
         ":0: registrar: expires_min <= expires_default <= expires_max must hold"},
        {GOOD "registrar = { contacts = 11; };\n",
         ":2: 'registrar.contacts' must be a whole number from 1 to 10"},
        {GOOD "emergency = \"112\";\n",
         ":2: 'emergency' must be a list of up to 16 numbers as texts"},
        {"listen = [\"udp:127.0.0.1\"];\n",
         ":1: 'listen' must be like \"udp:192.0.2.1:5060\" or \"tcp:[::1]:5060\""},
        {"listen = [\"tls:127.0.0.1:5061\"];\n",
         ":1: 'listen' must be like \"udp:192.0.2.1:5060\" or \"tcp:[::1]:5060\""},
        {"listen = [\"udp:sip.example.com:5060\"];\n",
         ":1: 'listen' must be like \"udp:192.0.2.1:5060\" or \"tcp:[::1]:5060\""},
        {"listen = [\"udp:127.0.0.1:65536\"];\n",
         ":1: 'listen' must be like \"udp:192.0.2.1:5060\" or \"tcp:[::1]:5060\""},
        {"listen = [];\n", ":1: 'listen' must be a list of 1 to 16 texts"},
        {GOOD "domain = = 1;\n", ":2: syntax error"},
        {GOOD "domain = \"a\";\ndomain = \"b\";\n", ":3: duplicate setting name"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct node_config config = {.calls_max = 77};
        char error[512];
        char wanted[900];
        assert_false(load(rows[i].text, &config, error));
        snprintf(wanted, sizeof(wanted), "%s/dialtone.conf%s", dir, rows[i].error);
        assert_string_equal(error, wanted);
        assert_int_equal(config.calls_max, 77); /* untouched */
    }
}

static void a_file_that_is_not_there_says_how_to_make_it(void **state)
{
    (void)state;
    struct node_config config;
    char error[512];
    assert_false(config_load("/nonexistent", &config, error, sizeof(error)));
    assert_non_null(strstr(error, "dialtone init /nonexistent"));
}

static void every_value_arrives_in_its_unit(void **state)
{
    (void)state;
    struct node_config config;
    char error[512];
    assert_true(load("domain = \"sip.example.com\";\n"
                     "listen = [\"udp:192.0.2.1:5060\", \"tcp:[2001:db8::1]:5070\"];\n"
                     "advertise = [\"198.51.100.7:5060\", \"[2001:db8::7]:5070\"];\n"
                     "emergency = [\"112\", \"911\"];\n"
                     "on_net = { price = \"0.015\"; first_increment = 60; next_increment = 6; };\n"
                     "calls = { ring_max = 90; trunk_silence = 2; };\n"
                     "grace = { new = \"0.10\"; total = \"1000\"; };\n"
                     "limits = { calls = 100; memory_mb = 64; };\n"
                     "low_balance = ( { currency = \"EUR\"; below = \"5\"; topup_max = \"50\";"
                     " topup_day = \"100\"; }, { currency = \"USD\"; } );\n"
                     "webhook = { url = \"https://x.example/h\"; timeout = 3; };\n"
                     "leases = { idle = 30; };\n",
                     &config, error));
    assert_string_equal(config.domain, "sip.example.com");
    assert_int_equal(config.listen_count, 2);
    assert_int_equal(config.listen[1].transport, 1);
    assert_string_equal(config.listen[1].host, "2001:db8::1");
    assert_int_equal(config.listen[1].port, 5070);
    assert_string_equal(config.listen[0].advertised, "198.51.100.7:5060");
    assert_int_equal(config.emergency_count, 2);
    assert_string_equal(config.emergency[1], "911");
    assert_int_equal(config.on_net_nano_per_min, 15000000);
    assert_int_equal(config.on_net_first_s, 60);
    assert_int_equal(config.ring_max_us, 90000000);
    assert_int_equal(config.trunk_silence_us, 2000000);
    assert_int_equal(config.grace_new_micro, 100000);
    assert_int_equal(config.grace_total_micro, 1000000000);
    assert_int_equal(config.memory_max, 64 << 20);
    assert_int_equal(config.idle_us, 30000000);
    assert_int_equal(config.low_count, 2);
    assert_string_equal(config.low[0].currency, "EUR");
    assert_int_equal(config.low[0].below_micro, 5000000);
    assert_int_equal(config.low[0].topup_max_micro, 50000000);
    assert_int_equal(config.low[0].topup_day_micro, 100000000);
    assert_string_equal(config.low[1].currency, "USD");
    assert_string_equal(config.hook_url, "https://x.example/h");
    assert_int_equal(config.hook_patience_us, 3000000);
    assert_int_equal(config.hook_retry_us, 5000000);
    assert_int_equal(config.cdr_days, 400); /* what is not named is as it was */
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/dialtone-config-XXXXXX");
    return mkdtemp(dir) == NULL;
}

/* `db copy` says where the ledger is from now on; all else stays as it was. */
static void where_the_ledger_is_replaces_that_setting_and_no_other(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } table[] = {
        {GOOD, GOOD},
        {GOOD "store = \"a\";\n"
              "drill = true;\n",
         GOOD "drill = true;\n"},
        {"store=\"a\"; " GOOD, " " GOOD},
        {"drill = true; store : \"a\"; # old\n" GOOD, "drill = true;  # old\n" GOOD},
        {GOOD "store =\n  \"postgresql://\" /* ; */ \"a\\\";\"\n;\n", GOOD},
        {GOOD "# store = \"a\";\n// store = \"b\";\n/* store = \"c\"; */\n",
         GOOD "# store = \"a\";\n// store = \"b\";\n/* store = \"c\"; */\n"},
        {GOOD "domain = \"store = x\";", GOOD "domain = \"store = x\";\n"},
        {GOOD "limits = { store = \"no\"; };\nstore_x = 1;\n",
         GOOD "limits = { store = \"no\"; };\nstore_x = 1;\n"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        static struct node_config ignored;
        char error[512], wanted[1024], found[1024] = "", path[300];
        (void)load(table[i].before, &ignored, error);
        assert_true(config_set_store(dir, "postgresql://new", error, sizeof(error)));
        snprintf(wanted, sizeof(wanted), "%sstore = \"postgresql://new\";\n", table[i].after);
        snprintf(path, sizeof(path), "%s/dialtone.conf", dir);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_true(fread(found, 1, sizeof(found) - 1, file) > 0);
        fclose(file);
        assert_string_equal(found, wanted);
    }
}

static int remove_dir(void **state)
{
    (void)state;
    char path[300];
    snprintf(path, sizeof(path), "%s/dialtone.conf", dir);
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_named_with_file_and_line),
        cmocka_unit_test(a_file_that_is_not_there_says_how_to_make_it),
        cmocka_unit_test(every_value_arrives_in_its_unit),
        cmocka_unit_test(where_the_ledger_is_replaces_that_setting_and_no_other),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
