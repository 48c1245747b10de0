/* SPDX-License-Identifier: BSD-3-Clause */
/* Error texts, "did you mean", drop names, clocks, and the log's one line a call. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sl_base.h"

static void error_text(void **state)
{
	static char big[3 * SL_ERR_TEXT_MAX];
	struct sl_err err;

	assert_int_equal(sl_err(&err, ENOENT, "%s:%d: no file", "a.conf", 3), -ENOENT);
	assert_string_equal(err.text, "a.conf:3: no file");
	sl_err_prefix(&err, "reading %s: ", "b");
	assert_string_equal(err.text, "reading b: a.conf:3: no file");
	assert_int_equal(sl_err(&err, EIO, "again: %s", err.text), -EIO);
	assert_string_equal(err.text, "again: reading b: a.conf:3: no file");
	assert_int_equal(sl_err(NULL, EINVAL, "nobody listens"), -EINVAL);
	sl_err_prefix(NULL, "nobody");

	memset(big, 'x', sizeof(big) - 1);
	sl_err(&err, EINVAL, "%s", big);
	assert_int_equal(strlen(err.text), SL_ERR_TEXT_MAX - 1);
	sl_err_prefix(&err, "head ");
	assert_int_equal(strlen(err.text), SL_ERR_TEXT_MAX - 1);
	assert_memory_equal(err.text, "head xxx", 8);
	sl_err_prefix(&err, "%s", big);
	assert_int_equal(strlen(err.text), SL_ERR_TEXT_MAX - 1);
}

static void nearest(void **state)
{
	static const char *const keys[] = {"hosts",   "host",           "gateways", "http",
					   "timeout", "virtualService", NULL};
	static const char *const none[] = {NULL};
	char longer[200];

	assert_string_equal(sl_nearest("hots", keys), "hosts");
	assert_string_equal(sl_nearest("hosst", keys), "hosts");
	assert_string_equal(sl_nearest("gatewys", keys), "gateways");
	assert_string_equal(sl_nearest("VirtualServices", keys), "virtualService");
	assert_string_equal(sl_nearest("timeuot", keys), "timeout");
	assert_null(sl_nearest("banana", keys));
	assert_null(sl_nearest("x", keys));
	assert_null(sl_nearest("", keys));
	assert_null(sl_nearest("hosts", none));
	memset(longer, 'h', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(sl_nearest(longer, keys));
}

static void drop_names(void **state)
{
	assert_string_equal(sl_drop_name(SL_DROP_TX_FULL), "tx_full");
	assert_string_equal(sl_drop_help(SL_DROP_TX_FULL), "port's transmit queue full");
	assert_string_equal(sl_drop_name(SL_DROP_COUNT), "?");
	assert_string_equal(sl_drop_help((enum sl_drop) - 1), "?");
	for (unsigned i = 0; i < SL_DROP_COUNT; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(sl_drop_name(i), sl_drop_name(j));
}

static void clocks(void **state)
{
	uint64_t a = sl_clock_us(), wall = sl_wall_us(), b;

	usleep(2000);
	b = sl_clock_us();
	assert_true(b >= a + 2000 && b < a + 60000000);
	assert_true(wall > UINT64_C(1600000000000000));
}

/** What sl_log wrote, with standard error turned into a pipe for the call. */
static void logged(char *buf, size_t cap, enum sl_log_level level, const char *text)
{
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	sl_log(level, "%s", text);
	dup2(saved, STDERR_FILENO);
	close(fds[1]);
	close(saved);
	n = read(fds[0], buf, cap - 1);
	close(fds[0]);
	assert_true(n >= 0);
	buf[n] = '\0';
}

static void log_lines(void **state)
{
	static char big[5000];
	char buf[4096];

	sl_log_init("sluiced", SL_LOG_INFO);
	logged(buf, sizeof(buf), SL_LOG_INFO, "ready");
	assert_string_equal(buf, "sluiced: ready\n");
	logged(buf, sizeof(buf), SL_LOG_ERROR, "a.conf:3: no");
	assert_string_equal(buf, "sluiced: error: a.conf:3: no\n");
	logged(buf, sizeof(buf), SL_LOG_WARN, "x\ny\x1b[2J");
	assert_string_equal(buf, "sluiced: warning: x?y?[2J\n");
	logged(buf, sizeof(buf), SL_LOG_DEBUG, "hidden");
	assert_string_equal(buf, "");
	memset(big, 'x', sizeof(big) - 1);
	logged(buf, sizeof(buf), SL_LOG_INFO, big);
	assert_in_range(strlen(buf), 1000, 2048);
	assert_int_equal(buf[strlen(buf) - 1], '\n');
	assert_ptr_equal(strchr(buf, 0x0a), buf + strlen(buf) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_text), cmocka_unit_test(nearest),
		cmocka_unit_test(drop_names), cmocka_unit_test(clocks),
		cmocka_unit_test(log_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
