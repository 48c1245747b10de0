/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-control: reads configuration, publishes it to the data plane, answers sluicectl. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "admin.h"
#include "control.h"
#include "files.h"
#include "sl_bus.h"
#include "sl_match.h"
#include "tally.h"

#define POLL_IDLE_US 100000u
#define POLL_BUSY_US 100u

static const char usage[] =
	"Usage: sluice-control [-c FILE] [-v]\n"
	"\n"
	"Reads FILE (default /etc/sluice/sluice.conf) and the manifests it names, publishes\n"
	"them to the data plane and serves sluicectl. Stays in the foreground.\n"
	"\n"
	"  -c FILE    configuration of the instance\n"
	"  -v         log more; twice: everything\n"
	"  -V         print the version\n"
	"\n"
	"SIGHUP reads all files again, SIGUSR1 opens the access log again, SIGTERM ends.\n";

/* One control process an instance; the lock goes with the process, however it ends. */
static int take_lock(struct control *c, struct sl_err *err)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/control.lock", c->dir);
	c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (c->lock_fd < 0)
		return sl_err(err, errno, "%s cannot be opened: %s.", path, strerror(errno));
	if (flock(c->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return sl_err(err, EBUSY,
			      "A sluice-control of instance \"%s\" runs already (pid %d); stop it "
			      "first, or give this one another instance name.",
			      c->instance, c->hdr->control_pid);
	return 0;
}

static int read_conf(struct control *c, struct sl_err *err)
{
	const struct sl_conf_control *cc;
	int rc = sl_conf_read(&c->conf, c->conf_path, err);

	if (rc < 0)
		return rc;
	cc = sl_conf_control(c->conf);
	snprintf(c->instance, sizeof(c->instance), "%s", sl_conf_box(c->conf)->instance);
	snprintf(c->socket_path, sizeof(c->socket_path), "%s", cc->socket);
	snprintf(c->state_dir, sizeof(c->state_dir), "%s", cc->state_dir);
	return sl_ctl_dir(c->instance, c->dir, sizeof(c->dir), err);
}

static int open_segments(struct control *c, struct sl_err *err)
{
	int rc = sl_ctl_open(&c->ctl, c->dir, err);

	if (rc < 0)
		return rc;
	c->hdr = sl_ctl_hdr(c->ctl);
	rc = take_lock(c, err);
	if (rc < 0)
		return rc;
	c->hdr->control_pid = (int32_t)getpid();
	return publish_recover(c, err);
}

static int open_store(struct control *c, struct sl_err *err)
{
	const struct sl_conf_control *cc = sl_conf_control(c->conf);
	int rc = state_recover(c->state_dir, err);

	if (rc == 0)
		rc = files_make_dirs(cc->cache_dir, 0700, err);
	if (rc < 0)
		return rc;
	c->cache = sl_snap_cache_create(cc->cache_dir);
	c->manifests = sl_objects_create();
	c->applied = sl_objects_create();
	c->objects = sl_objects_create();
	c->recent = recent_create();
	c->tally = tally_create();
	if (c->recent == NULL || c->tally == NULL || c->cache == NULL || c->manifests == NULL ||
	    c->applied == NULL || c->objects == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	rc = sources_open(&c->sources, err);
	if (rc == 0)
		rc = dns_open(&c->dns, c->state_dir, err);
	if (rc == 0)
		rc = history_open(&c->history, c->state_dir, cc->history, err);
	if (rc < 0)
		return rc;
	dns_configure(c->dns, &cc->dns);
	/* After a reboot shared memory begins anew; epochs do not. */
	if (history_count(c->history) > 0)
		c->last_epoch =
			SL_MAX(c->last_epoch,
			       history_at(c->history, history_count(c->history) - 1)->epoch);
	return sl_err(&c->fault, 0, "The first configuration is still on its way.");
}

static int start(struct control *c, struct sl_err *err)
{
	int rc = read_conf(c, err);

	if (rc == 0)
		rc = open_segments(c, err);
	if (rc == 0)
		rc = open_store(c, err);
	if (rc == 0)
		rc = server_create(c, err);
	if (rc == 0)
		rc = access_log_start(&c->log, c->ctl, c->recent, c->tally,
				      sl_conf_control(c->conf)->access_log,
				      sl_conf_control(c->conf)->log_format, err);
	if (rc == 0)
		rc = change_first(c, err);
	if (rc == 0)
		admin_open(c);
	return rc;
}

static void stop(struct control *c)
{
	bool log_gone;

	admin_close(c);
	server_free(c);
	log_gone = access_log_stop(c->log);
	state_abort(c->change.state);
	sl_conf_free(c->change.parts.conf);
	sl_objects_free(c->change.parts.manifests);
	sl_objects_free(c->change.parts.applied);
	sl_objects_free(c->change.objects);
	snapfile_close(&c->change.snap);
	json_decref(c->change.waiter.answer);
	snapfile_close(&c->snap);
	sl_match_scratch_free(c->scratch);
	sl_snap_cache_free(c->cache);
	sl_objects_free(c->objects);
	sl_objects_free(c->applied);
	sl_objects_free(c->manifests);
	sources_close(c->sources);
	dns_close(c->dns);
	history_close(c->history);
	sl_conf_free(c->conf);
	if (log_gone) {
		recent_free(c->recent);
		tally_free(c->tally);
	}
	if (c->ctl != NULL && log_gone)
		sl_ctl_close(c->ctl);
	if (c->lock_fd >= 0)
		close(c->lock_fd);
}

static void reload_on_signal(struct control *c)
{
	struct waiter nobody = {0, json_object()};
	struct sl_err err;

	c->reload_wanted = false;
	if (change_reload(c, "reload", nobody, &err) < 0)
		sl_log(SL_LOG_ERROR, "Nothing was changed: %s", err.text);
	json_decref(nobody.answer);
}

/* What has to be done without anybody asking; until when there is nothing of that kind. */
static uint64_t chores(struct control *c)
{
	uint64_t now = sl_clock_us(), due = now + POLL_IDLE_US;

	if (c->change.active)
		return now + POLL_BUSY_US;
	if (c->reload_wanted && c->confirm.epoch == 0)
		reload_on_signal(c);
	else
		change_unconfirmed(c, &due);
	/* Files wait while a change may still be taken back. */
	if (!c->change.active && c->confirm.epoch == 0 && sources_changed(c->sources, now, &due))
		change_sources(c);
	if (!c->change.active && dns_news(c->dns, now, &due))
		change_names(c);
	return c->change.active ? now + POLL_BUSY_US : due;
}

static void loop(struct control *c, int signal_fd)
{
	while (!c->stop) {
		uint64_t due, now;

		__atomic_store_n(&c->hdr->control_heartbeat_us, sl_clock_us(), __ATOMIC_RELEASE);
		publish_poll(c);
		due = chores(c);
		now = sl_clock_us();
		server_poll(c, signal_fd, due > now ? due - now : 0);
	}
}

/* Before any thread starts, so that all signals arrive at the descriptor. */
static int take_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sl_bus_explain(SL_BUS_SEGMENT("sluice-control"));
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int run(struct control *c)
{
	int signal_fd = take_signals();
	struct sl_err err = {""};
	int rc = 0;

	c->started_us = sl_clock_us();
	if (signal_fd < 0 || start(c, &err) < 0) {
		fprintf(stderr, "sluice-control: %s\n", err.text);
		rc = 1;
	} else {
		sl_log(SL_LOG_INFO, "Instance \"%s\" is served at %s.", c->instance,
		       c->socket_path);
		loop(c, signal_fd);
		sl_log(SL_LOG_INFO, "Stopped; the data plane goes on with epoch %llu.",
		       (unsigned long long)c->hdr->want_epoch);
	}
	stop(c);
	return rc;
}

int main(int argc, char **argv)
{
	static struct control c;
	enum sl_log_level level = SL_LOG_INFO;
	int opt;

	c.conf_path = "/etc/sluice/sluice.conf";
	c.lock_fd = -1;
	c.log_level = "info";
	while ((opt = getopt(argc, argv, "c:vVh")) != -1) {
		if (opt == 'c') {
			c.conf_path = optarg;
		} else if (opt == 'v') {
			level = SL_LOG_DEBUG;
			c.log_level = "debug";
		} else if (opt == 'V') {
			puts("sluice-control " SL_VERSION);
			return 0;
		} else {
			fputs(usage, opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	sl_log_init("sluice-control", level);
	return run(&c);
}
