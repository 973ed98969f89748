/* The command line against a program that runs: what it prints, what it says when something is
 * wrong, and its exit status. */
#include "program.h"

#include "base/attr.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct program_output output;
static char running[256]; /* the demo, up */
static char stopped[256];
static pid_t pid;

static int start(void **state)
{
    (void)state;
    program_dir(running);
    program_dir(stopped);
    program_run("init % --demo", running, &output);
    program_run("init %", stopped, &output);
    pid = program_start(running, "");
    return pid < 0;
}

static int stop(void **state)
{
    (void)state;
    int took_ms = program_stop(pid, SIGTERM);
    program_remove(running);
    program_remove(stopped);
    return took_ms < 0;
}

static void run(const char *line)
{
    program_run(line, running, &output);
}

static json_t *run_json(const char *line)
{
    run(line);
    if (output.status != 0) {
        fail_msg("%s: %d: %s", line, output.status, output.err);
    }
    json_t *answer = json_loads(output.out, 0, NULL);
    assert_non_null(answer);
    return answer;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* ---- errors ---- */

static void a_mistake_is_answered_with_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int status;
        const char *error;
    } rows[] = {
        {"acount list", 2,
         "dialtone: there is no command 'acount'. Did you mean 'account'? See: dialtone help\n"},
        {"elephant", 2, "dialtone: there is no command 'elephant'. See: dialtone help\n"},
        {"account", 2, "dialtone account: say what to do. See: dialtone help account\n"},
        {"account lst", 2, "dialtone account: there is no lst. See: dialtone help account\n"},
        {"account show --dir %", 2,
         "dialtone account show: name one account\nSee: dialtone help account show\n"},
        {"account show nobody --dir %", 1, "dialtone account show: There is no account nobody.\n"},
        {"account add zed --dir %", 1,
         "dialtone account add: --currency: \"currency\" is missing.\n"},
        {"account set acme --dir %", 2,
         "dialtone account set: say what to change, by one or more of the options\n"
         "See: dialtone help account set\n"},
        {"account set acme --channels many --dir %", 2,
         "dialtone account set: --channels takes COUNT|none\n"
         "See: dialtone help account set\n"},
        {"account suspend acme --dir %", 2,
         "dialtone account suspend: say --why: it is kept with the account, and the caller's "
         "refusal names it\nSee: dialtone help account suspend\n"},
        {"calls end xyz --dir %", 2,
         "dialtone calls end: ID is what `dialtone calls` shows, or its beginning\n"
         "See: dialtone help calls end\n"},
        {"calls end 0123456789abcdef --dir %", 1,
         "dialtone calls end: no call in progress has the key 0123456789abcdef\n"},
        {"topup acme --dir %", 2,
         "dialtone topup: name an account and an amount: dialtone topup acme 25.00\n"
         "See: dialtone help topup\n"},
        {"topup nobody 5 --dir %", 1, "dialtone topup: There is no account nobody.\n"},
        {"topup acme 5 --resaon x --dir %", 2,
         "dialtone topup: there is no option --resaon here: did you mean --reason?\n"
         "See: dialtone help topup\n"},
        {"adjust acme -1 --dir %", 1, "dialtone adjust: --reason: An adjustment says why.\n"},
        {"deck import /nonexistent.csv --dir %", 1,
         "dialtone deck import: /nonexistent.csv cannot be read: No such file or directory\n"},
        {"cdr --max 0 --dir %", 2,
         "dialtone cdr: --max is a number of rows\nSee: dialtone help cdr\n"},
        {"cdr acme --dir %", 2,
         "dialtone cdr: that is one word too many: filters are options\n"
         "See: dialtone help cdr\n"},
        {"restart tower --dir %", 1, "dialtone restart: no running role of that name\n"},
        {"operator no/body --dir %", 2,
         "dialtone operator: name one operator: letters, digits, '-', '_' and '.'\n"
         "See: dialtone help operator\n"},
        {"ledger fence 1 --dir %", 2,
         "dialtone ledger fence: name an incarnation by its number, and say --why\n"
         "See: dialtone help ledger fence\n"},
        {"ledger fence 99 --why lost --dir %", 1,
         "dialtone ledger fence: incarnation 99 was never registered here\n"},
        {"run", 2,
         "dialtone run: name the installation: dialtone run DIR\nSee: dialtone help run\n"},
        {"run % --workers 0", 2,
         "dialtone run: --workers is a number from 1 to 32\nSee: dialtone help run\n"},
        {"role edge %", 2, "dialtone role: started by `dialtone run`, not by hand\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        run(rows[i].line);
        if (output.status != rows[i].status || strcmp(output.err, rows[i].error) != 0) {
            fail_msg("%s: %d: %s", rows[i].line, output.status, output.err);
        }
        assert_string_equal(output.out, "");
    }
}

static void what_does_not_run_is_unknown_and_not_refused(void **state)
{
    (void)state;
    char wanted[600];
    static const char *const lines[] = {"balance acme --dir %", "calls --dir %", "drain %",
                                        "stop %"};
    static const char *const names[] = {"balance", "calls", "drain", "stop"};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        program_run(lines[i], stopped, &output);
        assert_int_equal(output.status, 3);
        snprintf(wanted, sizeof(wanted),
                 "dialtone %s: %s is not running. Start it: dialtone run %s\n", names[i], stopped,
                 stopped);
        assert_string_equal(output.err, wanted);
    }
    program_run("status % --json", stopped, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.out, "\"state\": \"stopped\""));
}

static void a_directory_that_is_no_installation_is_named(void **state)
{
    (void)state;
    program_run("status /nonexistent", running, &output);
    assert_int_equal(output.status, 2);
    assert_string_equal(output.err, "dialtone status: /nonexistent is no installation (it has no "
                                    "dialtone.conf). Make one: dialtone init /nonexistent\n");
}

static void every_command_has_help(void **state)
{
    (void)state;
    run("help");
    assert_int_equal(output.status, 0);
    assert_string_equal(output.err, "");
    char all[PROGRAM_OUT_SIZE];
    memcpy(all, output.out, sizeof(all));
    int count = 0;
    for (char *line = strtok(all, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char words[64];
        char asked[80];
        if (strncmp(line, "  ", 2) != 0) {
            continue;
        }
        snprintf(words, sizeof(words), "%.16s", line + 2);
        for (size_t size = strlen(words); size > 0 && words[size - 1] == ' '; size--) {
            words[size - 1] = '\0';
        }
        snprintf(asked, sizeof(asked), "help %s", words);
        run(asked);
        assert_int_equal(output.status, 0);
        snprintf(asked, sizeof(asked), "dialtone %s: ", words);
        assert_ptr_equal(strstr(output.out, asked), output.out);
        count++;
    }
    assert_true(count > 40);
}

/* ---- what works ---- */

static void status_names_each_role_with_its_pid(void **state)
{
    (void)state;
    json_t *status = run_json("status % --json");
    assert_true(json_is_true(json_object_get(status, "ready")));
    const json_t *roles = json_object_get(status, "roles");
    assert_int_equal(json_array_size(roles), 2);
    assert_string_equal(text_of(json_array_get(roles, 0), "name"), "edge");
    assert_string_equal(text_of(json_array_get(roles, 1), "name"), "web");
    for (size_t i = 0; i < 2; i++) {
        json_int_t role = json_integer_value(json_object_get(json_array_get(roles, i), "pid"));
        assert_true(role > 0 && kill((pid_t)role, 0) == 0);
    }
    json_decref(status);
}

static void a_part_of_a_balance_is_locked_and_unlocked(void **state)
{
    (void)state;
    json_t *row = run_json("lock acme 1.50 --why dispute --for 60 --dir % --json");
    assert_string_equal(text_of(row, "locked"), "1.500000");
    assert_string_equal(text_of(json_object_get(row, "lock"), "why"), "dispute");
    json_decref(row);
    row = run_json("unlock acme --why settled --dir % --json");
    assert_string_equal(text_of(row, "locked"), "0.000000");
    json_decref(row);
    run("lock acme 1.50 --dir %");
    assert_int_equal(output.status, 2);
}

static void money_moves_between_an_account_and_its_sub_account(void **state)
{
    (void)state;
    json_t *row = run_json("account add shop --currency EUR --parent acme --dir % --json");
    assert_true(json_is_integer(json_object_get(row, "parent")));
    json_decref(row);
    row = run_json("transfer acme shop 0.50 --reason shop --dir % --json");
    assert_string_equal(text_of(row, "kind"), "transfer");
    json_decref(row);
    row = run_json("account list --parent acme --dir % --json");
    assert_int_equal(json_array_size(json_object_get(row, "items")), 1);
    json_decref(row);
    run("transfer shop acme 0.50 --dir %");
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "transfer 0.50 to acme: entry "));
    run("transfer acme 0.50 --dir %");
    assert_int_equal(output.status, 2);
}

static void an_account_is_made_changed_suspended_and_removed(void **state)
{
    (void)state;
    json_t *row = run_json("account add zed --currency EUR --channels 3 --class verified "
                           "--grace 0.20 --sell-deck retail --dir % --json");
    assert_int_equal(json_integer_value(json_object_get(row, "channels_max")), 3);
    assert_string_equal(text_of(row, "grace"), "0.200000");
    json_decref(row);
    row = run_json("account set zed --channels none --grace none --dir % --json");
    assert_true(json_is_null(json_object_get(row, "channels_max")));
    assert_true(json_is_null(json_object_get(row, "grace")));
    json_decref(row);
    row = run_json("account suspend zed --why unpaid --dir % --json");
    assert_true(json_is_true(json_object_get(row, "is_suspended")));
    assert_string_equal(text_of(row, "suspended_why"), "unpaid");
    json_decref(row);
    row = run_json("account resume zed --dir % --json");
    assert_true(json_is_false(json_object_get(row, "is_suspended")));
    json_decref(row);
    run("account remove zed --dir %");
    assert_int_equal(output.status, 0);
    run("account show zed --dir %");
    assert_int_equal(output.status, 1);
}

static void rows_of_every_kind_come_and_go(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "endpoint add dave --account acme --identity +4930111 --identity 4930112 --dir %",
        "endpoint set dave --identity none --disabled yes --dir %",
        "endpoint show dave --dir %",
        "number add 4930999 --account acme --endpoint dave --dir %",
        "number set 4930999 --endpoint alice --dir %",
        "number show 4930999 --dir %",
        ("trunk add second --host 127.0.0.3 --acl 127.0.0.3 --acl 10.0.0.0/8 --port 5080 --plus "
         "yes "
         "--dir %"),
        "trunk set second --acl none --channels 5 --dir %",
        "route add --trunk second --prefix 33 --priority -5 --dir %",
        "route set 2 --weight 7 --dir %",
        "route show 2 --dir %",
        "route remove 2 --dir %",
        "trunk remove second --dir %",
        "number remove 4930999 --dir %",
        "endpoint remove dave --dir %",
        "key add shop --role customer --account acme --dir %",
        "key revoke 2 --dir %",
    };
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        run(lines[i]);
        if (output.status != 0) {
            fail_msg("%s: %d: %s", lines[i], output.status, output.err);
        }
    }
    static const char *const lists[] = {"account", "endpoint", "number", "trunk",
                                        "route",   "key",      "deck"};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        char line[64];
        snprintf(line, sizeof(line), "%s list --dir %% --json", lists[i]);
        json_t *page = run_json(line);
        assert_true(json_array_size(json_object_get(page, "items")) > 0);
        json_decref(page);
    }
}

static void a_topup_that_is_repeated_counts_once(void **state)
{
    (void)state;
    json_t *before = run_json("balance bravo --dir % --json");
    json_t *first = run_json("topup bravo 2.50 --reason cash --key k1 --dir % --json");
    json_t *again = run_json("topup bravo 2.50 --reason cash --key k1 --dir % --json");
    assert_true(json_is_true(json_object_get(again, "is_repeat")));
    assert_string_equal(text_of(first, "balance"), text_of(again, "balance"));
    assert_string_equal(text_of(before, "balance"), "10.000000");
    assert_string_equal(text_of(first, "balance"), "12.500000");
    json_decref(before);
    json_decref(first);
    json_decref(again);
    run("topup bravo 3.00 --key k1 --dir %");
    assert_int_equal(output.status, 1);
    run("adjust bravo -2.50 --reason again --dir %");
    assert_int_equal(output.status, 0);
    json_t *page = run_json("statement bravo --dir % --json");
    assert_int_equal(json_array_size(json_object_get(page, "items")), 3);
    json_decref(page);
}

static void a_deck_goes_out_and_in_and_a_bad_row_is_named_by_its_line(void **state)
{
    (void)state;
    char line[600];
    char path[300];
    snprintf(path, sizeof(path), "%s/copy.csv", stopped);
    snprintf(line, sizeof(line), "deck export retail %s --dir %%", path);
    run(line);
    assert_int_equal(output.status, 0);
    snprintf(line, sizeof(line), "deck import %s --name copy --dir %% --json", path);
    json_t *deck = run_json(line);
    assert_int_equal(json_integer_value(json_object_get(deck, "prefix_count")), 13);
    json_decref(deck);
    assert_true(program_write(stopped, "bad.csv", "prefix,rate\n49,0.01\n44,cheap\n"));
    snprintf(line, sizeof(line), "deck import %s/bad.csv --dir %%", stopped);
    run(line);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "  line 3: rate \"cheap\""));
}

static void a_deck_is_compared_before_it_is_live_and_rolled_back_after(void **state)
{
    (void)state;
    char line[600];
    assert_true(program_write(stopped, "back.csv", "prefix,description,rate\n49,Germany,0.01\n"));
    snprintf(line, sizeof(line), "deck import %s/back.csv --currency USD --dir %%", stopped);
    run(line);
    assert_int_equal(output.status, 0);
    assert_true(program_write(stopped, "back.csv",
                              "prefix,description,rate,first_increment\n49,Germany,0.02,60\n"
                              "44,UK,0.03,1\n"));
    snprintf(line, sizeof(line), "deck import %s/back.csv --dry-run --dir %%", stopped);
    run(line);
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "0.01 1/1"));
    assert_non_null(strstr(output.out, "0.02 60/1"));
    assert_non_null(strstr(output.out, "up 1, down 0, mixed 0, new 1, gone 0, same 0"));
    assert_non_null(strstr(output.out, "Nothing was imported"));
    snprintf(line, sizeof(line), "deck import %s/back.csv --dir %% --json", stopped);
    json_t *deck = run_json(line);
    assert_int_equal(json_integer_value(json_object_get(deck, "deck_version")), 2);
    assert_string_equal(json_string_value(json_object_get(deck, "currency")), "USD");
    json_decref(deck);
    run("deck diff back 2 1 --dir %");
    assert_non_null(strstr(output.out, "up 0, down 1, mixed 0, new 0, gone 1, same 0"));
    deck = run_json("deck rollback back --dir % --json");
    assert_int_equal(json_integer_value(json_object_get(deck, "deck_version")), 1);
    json_decref(deck);
    run("deck export back --dir %");
    assert_non_null(strstr(output.out, "49,Germany,0.01"));
    run("deck export back --version 2 --dir %");
    assert_non_null(strstr(output.out, "44,UK,0.03"));
    json_t *versions = run_json("deck versions back --dir % --json");
    assert_int_equal(json_array_size(json_object_get(versions, "items")), 2);
    json_decref(versions);
}

static void explain_answers_for_endpoint_account_and_trunk(void **state)
{
    (void)state;
    run("explain alice 03042123 --dir %");
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "0.018 EUR a minute"));
    assert_non_null(strstr(output.out, "carrier, as 493042123"));
    run("explain acme 0088888 --dir %");
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "refused with 404 (no-route)"));
    run("explain --trunk carrier 493023125001 --dir %");
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "endpoint alice"));

    run("account set acme --channels 0 --cps 7 --spend-day 9 --dir %");
    assert_int_equal(output.status, 0);
    for (int i = 0; i < 50 && strstr(output.out, "channel-limit") == NULL; i++) {
        usleep(100000); /* the edge follows within a second */
        run("explain alice 03042123 --dir %");
    }
    assert_non_null(strstr(output.out, "refused with 480 (channel-limit)"));
    assert_non_null(strstr(output.out, "0 of 0 calls at once; 7 calls a second; 9.00 a day"));
    run("explain alice 112 --dir %");
    assert_non_null(strstr(output.out, "connected"));
    run("account set acme --channels none --cps none --spend-day none --dir %");
    assert_int_equal(output.status, 0);
}

static void calls_refusals_cdr_and_history_print_when_there_is_nothing(void **state)
{
    (void)state;
    run("calls --dir %");
    assert_string_equal(output.out, "No call is in progress.\n");
    run("cdr --dir %");
    assert_string_equal(output.out, "There is no such record.\n");
    run("refusals --dir %");
    assert_string_equal(output.out, "Nothing was refused.\n");
    run("history --kind alarm --dir %");
    assert_int_equal(output.status, 0);
    run("history --kind alarms --dir %");
    assert_int_equal(output.status, 2);
    run("calls end 0000000000000000 --dir %");
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "not all of them 0"));
    run("topup acme 5 --key= --dir %");
    assert_int_equal(output.status, 2);
    run("deck import /tmp --dir %");
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "it is no file"));
    run("version --json");
    assert_non_null(strstr(output.out, "{\"version\": \""));
}

static void a_backup_is_made_while_it_runs_and_restored_while_it_does_not(void **state)
{
    (void)state;
    char dir[256];
    char line[600];
    program_dir(dir);
    program_run("init % --demo", dir, &output);
    pid_t other = program_start(dir, "");
    assert_true(other > 0);
    snprintf(line, sizeof(line), "backup %% %s/copy.db", dir);
    program_run(line, dir, &output);
    assert_int_equal(output.status, 0);
    program_run(line, dir, &output);
    assert_int_equal(output.status, 1); /* it is there already */
    program_run("topup acme 5 --dir %", dir, &output);
    assert_int_equal(output.status, 0);

    snprintf(line, sizeof(line), "restore %% %s/copy.db", dir);
    program_run(line, dir, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "is running. Stop it first"));
    program_run(line, stopped, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "holds another ledger"));

    assert_in_range(program_stop(other, SIGTERM), 0, 5000);
    program_run(line, dir, &output);
    assert_int_equal(output.status, 0);
    program_run("audit % --json", dir, &output);
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "\"state\": \"clean\""));
    other = program_start(dir, "");
    assert_true(other > 0);
    program_run("balance acme --dir % --json", dir, &output);
    assert_non_null(strstr(output.out, "\"balance\": \"25.000000\""));
    program_run("ledger recover %", dir, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.err, "is running. Stop it first"));
    assert_in_range(program_stop(other, SIGTERM), 0, 5000);
    program_run("ledger recover %", dir, &output); /* the top-up that the copy misses */
    assert_int_equal(output.status, 0);
    other = program_start(dir, "");
    assert_true(other > 0);
    program_run("balance acme --dir % --json", dir, &output);
    assert_non_null(strstr(output.out, "\"balance\": \"30.000000\""));
    assert_in_range(program_stop(other, SIGTERM), 0, 5000);
    program_remove(dir);
}

/* The audit is the last to believe what a row says of itself. */
static void an_audit_of_books_that_were_changed_by_hand_fails(void **state)
{
    (void)state;
    char dir[256];
    char command[600];
    program_dir(dir);
    program_run("init % --demo", dir, &output);
    program_run("audit %", dir, &output);
    assert_int_equal(output.status, 0);
    snprintf(command, sizeof(command),
             "sqlite3 %s/dialtone.db 'UPDATE book SET balance = balance + 1 WHERE id = 1'", dir);
    if (system(command) != 0) {
        program_remove(dir);
        skip(); /* no sqlite3 on this machine */
    }
    program_run("audit %", dir, &output);
    assert_int_equal(output.status, 1);
    assert_non_null(strstr(output.out, "NOT clean"));
    program_remove(dir);
}

static void a_database_that_is_gone_is_unknown_to_the_audit(void **state)
{
    (void)state;
    char dir[256];
    char path[300];
    program_dir(dir);
    program_run("init %", dir, &output);
    snprintf(path, sizeof(path), "%s/dialtone.db", dir);
    assert_int_equal(unlink(path), 0);
    program_run("audit %", dir, &output);
    assert_int_equal(output.status, 3);
    program_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_answered_with_what_to_do),
        cmocka_unit_test(what_does_not_run_is_unknown_and_not_refused),
        cmocka_unit_test(a_directory_that_is_no_installation_is_named),
        cmocka_unit_test(every_command_has_help),
        cmocka_unit_test(status_names_each_role_with_its_pid),
        cmocka_unit_test(a_part_of_a_balance_is_locked_and_unlocked),
        cmocka_unit_test(money_moves_between_an_account_and_its_sub_account),
        cmocka_unit_test(an_account_is_made_changed_suspended_and_removed),
        cmocka_unit_test(rows_of_every_kind_come_and_go),
        cmocka_unit_test(a_topup_that_is_repeated_counts_once),
        cmocka_unit_test(a_deck_is_compared_before_it_is_live_and_rolled_back_after),
        cmocka_unit_test(a_deck_goes_out_and_in_and_a_bad_row_is_named_by_its_line),
        cmocka_unit_test(explain_answers_for_endpoint_account_and_trunk),
        cmocka_unit_test(calls_refusals_cdr_and_history_print_when_there_is_nothing),
        cmocka_unit_test(a_backup_is_made_while_it_runs_and_restored_while_it_does_not),
        cmocka_unit_test(an_audit_of_books_that_were_changed_by_hand_fails),
        cmocka_unit_test(a_database_that_is_gone_is_unknown_to_the_audit),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
