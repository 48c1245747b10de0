/* SPDX-License-Identifier: BSD-3-Clause */
/* The ctl segment: made once, found again with its messages, repaired, replaced, refused. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sl_ctl.h"

static char root[64], parent[80], dir[96], path[112], lock[112];

static int dir_make(void **state)
{
	snprintf(root, sizeof(root), "/dev/shm/sl-test-ctl-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(parent, sizeof(parent), "%s/sluice", root);
	snprintf(dir, sizeof(dir), "%s/main", parent);
	snprintf(path, sizeof(path), "%s/ctl", dir);
	snprintf(lock, sizeof(lock), "%s/ctl.lock", dir);
	return 0;
}

static int dir_remove(void **state)
{
	unlink(path);
	unlink(lock);
	rmdir(dir);
	rmdir(parent);
	return rmdir(root);
}

static struct sl_ctl *open_ok(void)
{
	struct sl_ctl *ctl = NULL;
	struct sl_err err;

	if (sl_ctl_open(&ctl, dir, &err) < 0)
		fail_msg("%s", err.text);
	return ctl;
}

static void both_sides_meet(void **state)
{
	struct sl_ctl *control = open_ok(), *daemon = open_ok();
	struct sl_ctl_cmd cmd = {.op = SL_CTL_EPOCH, .epoch = 7};
	const struct sl_ctl_cmd *got;
	struct stat st;
	uint32_t len;

	sl_ctl_hdr(control)->want_epoch = 7;
	assert_int_equal(sl_ctl_hdr(daemon)->want_epoch, 7);
	assert_true(sl_ring_push(sl_ctl_main_cmd(control), &cmd, sizeof(cmd)));
	got = sl_ring_peek(sl_ctl_main_cmd(daemon), &len);
	assert_non_null(got);
	assert_int_equal(len, sizeof(cmd));
	assert_int_equal(got->epoch, 7);
	sl_ring_release(sl_ctl_main_cmd(daemon));

	/* Every ring is one of its own, and the last one's last slot is inside. */
	assert_int_equal(sl_ctl_reserve(daemon, SL_CTL_WORKERS_MAX + 1, NULL), -EINVAL);
	assert_int_equal(sl_ctl_reserve(daemon, 2, NULL), 0);
	for (uint32_t w = 0; w < SL_CTL_WORKERS_MAX; w++) {
		assert_true(sl_ring_push(sl_ctl_ans(daemon, w), &w, sizeof(w)));
		assert_true(sl_ring_push(sl_ctl_log(daemon, w), &w, sizeof(w)));
		assert_true(sl_ring_push(sl_ctl_head(daemon, w), &w, sizeof(w)));
	}
	for (unsigned i = 1; i < SL_CTL_LOG_SLOTS; i++)
		assert_true(sl_ring_push(sl_ctl_log(daemon, SL_CTL_WORKERS_MAX - 1), dir, 8));
	assert_false(sl_ring_push(sl_ctl_log(daemon, SL_CTL_WORKERS_MAX - 1), dir, 8));
	for (unsigned i = 1; i < SL_CTL_HEAD_SLOTS; i++)
		assert_true(sl_ring_push(sl_ctl_head(daemon, SL_CTL_WORKERS_MAX - 1), dir, 8));
	assert_false(sl_ring_push(sl_ctl_head(daemon, SL_CTL_WORKERS_MAX - 1), dir, 8));
	for (uint32_t w = 0; w < SL_CTL_WORKERS_MAX; w++) {
		assert_int_equal(*(const uint32_t *)sl_ring_peek(sl_ctl_ans(control, w), &len), w);
		assert_int_equal(*(const uint32_t *)sl_ring_peek(sl_ctl_log(control, w), &len), w);
		assert_int_equal(*(const uint32_t *)sl_ring_peek(sl_ctl_head(control, w), &len), w);
	}
	assert_null(sl_ctl_ans(control, SL_CTL_WORKERS_MAX));
	assert_null(sl_ctl_log(control, SL_CTL_WORKERS_MAX));
	assert_null(sl_ctl_head(control, SL_CTL_WORKERS_MAX));
	assert_null(sl_ring_peek(sl_ctl_main_ans(control), &len));
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	sl_ctl_close(control);
	sl_ctl_close(daemon);
}

/* A side that comes back finds what was sent meanwhile; only the damaged ring is emptied. */
static void restart_finds_messages(void **state)
{
	struct sl_ctl *ctl = open_ok();
	uint32_t len;

	assert_true(sl_ring_push(sl_ctl_main_ans(ctl), "kept", 5));
	assert_true(sl_ring_push(sl_ctl_log(ctl, 3), "kept", 5));
	assert_true(sl_ring_push(sl_ctl_ans(ctl, 3), "lost", 5));
	sl_ctl_ans(ctl, 3)->head = 12345;
	memset(sl_ctl_log(ctl, 4), 0xff, sizeof(struct sl_ring));
	sl_ctl_hdr(ctl)->want_epoch = 9;
	sl_ctl_close(ctl);

	ctl = open_ok();
	assert_int_equal(sl_ctl_hdr(ctl)->want_epoch, 9);
	assert_string_equal(sl_ring_peek(sl_ctl_main_ans(ctl), &len), "kept");
	assert_string_equal(sl_ring_peek(sl_ctl_log(ctl, 3), &len), "kept");
	assert_null(sl_ring_peek(sl_ctl_ans(ctl, 3), &len));
	assert_true(sl_ring_push(sl_ctl_ans(ctl, 3), "new", 4));
	assert_true(sl_ring_push(sl_ctl_log(ctl, 4), "new", 4));
	assert_string_equal(sl_ring_peek(sl_ctl_log(ctl, 4), &len), "new");
	sl_ctl_close(ctl);
}

static void other_layout_is_replaced(void **state)
{
	struct sl_ctl *old = open_ok(), *ctl;

	sl_ctl_hdr(old)->want_epoch = 9;
	sl_ctl_hdr(old)->layout++;
	ctl = open_ok();
	assert_int_equal(sl_ctl_hdr(ctl)->want_epoch, 0);
	assert_int_equal(sl_ctl_hdr(old)->want_epoch, 9);
	sl_ctl_close(old);
	sl_ctl_close(ctl);

	assert_int_equal(truncate(path, 100), 0);
	ctl = open_ok();
	assert_int_equal(sl_ctl_hdr(ctl)->magic, SL_CTL_MAGIC);
	sl_ctl_close(ctl);
}

static void unsafe_folder_is_refused(void **state)
{
	struct sl_ctl *ctl = NULL;
	struct sl_err err;

	assert_int_equal(mkdir(parent, 0755), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(sl_ctl_open(&ctl, dir, &err), -EPERM);
	assert_non_null(strstr(err.text, dir));
	rmdir(dir);
	assert_int_equal(symlink(root, dir), 0);
	assert_int_equal(sl_ctl_open(&ctl, dir, &err), -EPERM);
	unlink(dir);
	assert_null(ctl);
}

static void lock_is_waited_for(void **state)
{
	struct sl_ctl *ctl = open_ok();
	struct sl_err err;
	uint64_t begin;
	pid_t pid;
	int fd;

	sl_ctl_close(ctl);
	ctl = NULL;
	fd = open(lock, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	begin = sl_clock_us();
	assert_int_equal(sl_ctl_open(&ctl, dir, &err), -EBUSY);
	assert_in_range(sl_clock_us() - begin, 1900000, 20000000);
	assert_null(ctl);
	close(fd);

	/* Its holder killed: the lock is gone with it. */
	pid = fork();
	if (pid == 0) {
		fd = open(lock, O_RDWR);
		flock(fd, LOCK_EX);
		raise(SIGKILL);
	}
	waitpid(pid, NULL, 0);
	sl_ctl_close(open_ok());
}

static void instance_names(void **state)
{
	char buf[64], longest[34];
	struct sl_err err;

	assert_int_equal(sl_ctl_dir("main_gw-1", buf, sizeof(buf), &err), 0);
	assert_string_equal(buf, "/dev/shm/sluice/main_gw-1");
	assert_int_equal(sl_ctl_dir("", buf, sizeof(buf), &err), -EINVAL);
	assert_int_equal(sl_ctl_dir("../x", buf, sizeof(buf), &err), -EINVAL);
	assert_int_equal(sl_ctl_dir("a b", buf, sizeof(buf), &err), -EINVAL);
	memset(longest, 'a', 33);
	longest[33] = '\0';
	assert_int_equal(sl_ctl_dir(longest, buf, sizeof(buf), &err), -EINVAL);
	longest[32] = '\0';
	assert_int_equal(sl_ctl_dir(longest, buf, sizeof(buf), &err), 0);
	assert_int_equal(sl_ctl_dir(longest, buf, 20, &err), -EINVAL);
	assert_string_equal(sl_ctl_snap_path("/d", 12, buf, sizeof(buf)), "/d/snap.12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_sides_meet, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(restart_finds_messages, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(other_layout_is_replaced, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(unsafe_folder_is_refused, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(lock_is_waited_for, dir_make, dir_remove),
		cmocka_unit_test(instance_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
