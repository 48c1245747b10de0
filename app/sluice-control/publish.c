/* SPDX-License-Identifier: BSD-3-Clause */
/* Publishes snapshots to the data plane and collects its answers; the top of the control side. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "sl_bell.h"
#include "sl_stats.h"

bool publish_daemon_alive(const struct control *c)
{
	uint64_t beat = __atomic_load_n(&c->hdr->daemon_heartbeat_us, __ATOMIC_ACQUIRE);
	uint64_t now = sl_clock_us();

	/* One from the future is from before a reboot, or garbage. */
	return beat != 0 && beat <= now + CONTROL_DAEMON_SILENT_US &&
	       now <= beat + CONTROL_DAEMON_SILENT_US;
}

static uint64_t daemon_generation(const struct control *c)
{
	return __atomic_load_n(&c->hdr->daemon_generation, __ATOMIC_ACQUIRE);
}

static uint32_t daemon_workers(const struct control *c)
{
	uint32_t n = __atomic_load_n(&c->hdr->daemon_workers, __ATOMIC_ACQUIRE);

	return SL_MIN(n, SL_CTL_WORKERS_MAX);
}

static void set_want(struct control *c, uint64_t epoch)
{
	__atomic_store_n(&c->hdr->want_epoch, epoch, __ATOMIC_RELEASE);
}

void publish_learn(struct control *c)
{
	struct sl_stats_worker view;
	struct sl_stats *stats;
	char path[96];

	/* What a data plane that does not run had room for says nothing of the next one. */
	if (c->cache != NULL)
		sl_snap_cache_slots(c->cache, sl_conf_box(c->conf)->slots);
	snprintf(path, sizeof(path), "%s/stats", c->dir);
	if (sl_stats_open(&stats, path, NULL) < 0)
		return;
	if (c->cache != NULL && publish_daemon_alive(c))
		sl_snap_cache_slots(c->cache, sl_stats_hdr(stats)->slots);
	if (sl_stats_hdr(stats)->pid == c->hdr->daemon_pid)
		for (uint32_t i = 0; i < daemon_workers(c); i++) {
			if (i >= sl_stats_hdr(stats)->n_workers)
				break;
			sl_stats_worker_view(stats, i, &view);
			c->daemon.acked[i] = view.c->epoch;
		}
	sl_stats_close(stats);
}

/* A new run of the data plane has acknowledged nothing yet. */
static void follow_generation(struct control *c)
{
	uint64_t generation = daemon_generation(c);

	if (generation == c->daemon.generation)
		return;
	memset(&c->daemon, 0, sizeof(c->daemon));
	c->daemon.generation = generation;
	if (publish_daemon_alive(c))
		sl_log(SL_LOG_INFO, "The data plane runs with %u workers (pid %d).",
		       daemon_workers(c), c->hdr->daemon_pid);
}

uint64_t publish_lowest_epoch(const struct control *c)
{
	uint64_t lowest = UINT64_MAX;

	if (!publish_daemon_alive(c))
		return UINT64_MAX;
	for (uint32_t i = 0; i < daemon_workers(c); i++)
		lowest = SL_MIN(lowest, c->daemon.acked[i]);
	return lowest;
}

/* Old snapshots go once no worker can still need them. */
static void retire(struct control *c)
{
	uint64_t want = c->hdr->want_epoch;

	if (!publish_daemon_alive(c))
		snapfile_retire(c->dir, want, 1);
	else if (publish_lowest_epoch(c) >= want)
		snapfile_retire(c->dir, want, 0);
}

static bool push(struct control *c, uint32_t op, uint64_t epoch)
{
	struct sl_ctl_cmd cmd = {.op = op, .epoch = epoch};
	bool pushed = sl_ring_push(sl_ctl_main_cmd(c->ctl), &cmd, sizeof(cmd));

	if (pushed)
		sl_bell_ring(&c->hdr->daemon_bell);
	return pushed;
}

static void begin(struct control *c, uint32_t op, uint64_t epoch)
{
	follow_generation(c);
	c->pub = (struct publication){
		.active = true,
		.op = op,
		.epoch = epoch,
		.deadline_us = sl_clock_us() + CONTROL_ACK_DEADLINE_US,
		.generation = c->daemon.generation,
	};
}

int publish_recover(struct control *c, struct sl_err *err)
{
	uint64_t want = c->hdr->want_epoch;
	struct sl_err why;

	follow_generation(c);
	publish_learn(c);
	c->last_epoch = SL_MAX(want, snapfile_retire(c->dir, 0, 0));
	if (c->last_epoch >= UINT64_MAX / 2)
		return sl_err(err, EINVAL,
			      "%s holds an impossible epoch; stop the data plane and remove that "
			      "folder to begin anew.",
			      c->dir);
	if (want == 0)
		return 0;
	if (snapfile_open(&c->snap, c->dir, want, &why) < 0)
		sl_log(SL_LOG_WARN, "Epoch %llu of an earlier run is not usable: %s",
		       (unsigned long long)want, why.text);
	return 0;
}

int publish_start(struct control *c, struct sl_err *err)
{
	uint64_t epoch = c->change.snap.map->epoch, old = c->hdr->want_epoch;

	set_want(c, epoch);
	if (!publish_daemon_alive(c))
		return 1;
	if (!push(c, SL_CTL_EPOCH, epoch)) {
		set_want(c, old);
		return sl_err(err, EAGAIN,
			      "The data plane (pid %d) does not take commands; nothing was "
			      "changed.",
			      c->hdr->daemon_pid);
	}
	begin(c, SL_CTL_EPOCH, epoch);
	return 0;
}

int publish_command(struct control *c, uint32_t op, struct sl_err *err)
{
	uint64_t epoch = c->hdr->want_epoch;

	if (!publish_daemon_alive(c))
		return sl_err(err, ENOTCONN, "No data plane runs.");
	if (!push(c, op, epoch))
		return sl_err(err, EAGAIN, "The data plane (pid %d) does not take commands.",
			      c->hdr->daemon_pid);
	begin(c, op, epoch);
	return 0;
}

static void end(struct control *c, int code, const char *text)
{
	c->pub.active = false;
	if (code == 0 && c->pub.op == SL_CTL_EPOCH && publish_daemon_alive(c))
		timing_add(&c->timing, sl_clock_us() - c->change.started_us);
	if (code < 0 && code != -ETIMEDOUT && c->pub.op == SL_CTL_EPOCH)
		set_want(c, c->snap.map != NULL ? c->snap.map->epoch : 0);
	change_done(c, code, text);
	retire(c);
}

/* Answers of the main lcore: a refusal, or that a command was carried out. */
static void read_main(struct control *c)
{
	struct sl_ring *ring = sl_ctl_main_ans(c->ctl);
	struct sl_ctl_ans ans = {0};
	const void *msg;
	uint32_t len;

	while ((msg = sl_ring_peek(ring, &len)) != NULL) {
		bool whole = len >= sizeof(ans);

		if (whole)
			memcpy(&ans, msg, sizeof(ans));
		sl_ring_release(ring);
		ans.text[sizeof(ans.text) - 1] = '\0';
		if (whole && ans.code != 0 && !c->pub.active)
			sl_log(SL_LOG_ERROR, "The data plane refused epoch %llu: %s",
			       (unsigned long long)ans.epoch, ans.text);
		if (!whole || !c->pub.active || ans.op != c->pub.op ||
		    (ans.op == SL_CTL_EPOCH && ans.epoch != c->pub.epoch) ||
		    ans.generation != c->daemon.generation)
			continue;
		if (ans.code != 0)
			end(c, ans.code < 0 ? ans.code : -EPROTO, ans.text);
		else if (ans.op != SL_CTL_EPOCH) /* an epoch is done when the workers have it */
			end(c, 0, "");
	}
}

static bool read_worker(struct control *c, uint32_t worker)
{
	struct sl_ring *ring = sl_ctl_ans(c->ctl, worker);
	struct sl_ctl_ans ans;
	const void *msg;
	uint32_t len;
	bool news = false;

	while ((msg = sl_ring_peek(ring, &len)) != NULL) {
		bool whole = len >= sizeof(ans);

		if (whole)
			memcpy(&ans, msg, sizeof(ans));
		sl_ring_release(ring);
		if (!whole || ans.op != SL_CTL_EPOCH || ans.code != 0 ||
		    ans.generation != c->daemon.generation)
			continue;
		c->daemon.acked[worker] = ans.epoch;
		news = true;
	}
	return news;
}

static void late(struct control *c)
{
	char text[256], who[128] = "";
	size_t n = 0;

	if (c->pub.op != SL_CTL_EPOCH) {
		end(c, -ETIMEDOUT, "The data plane has not answered within 5 s.");
		return;
	}
	for (uint32_t i = 0; i < daemon_workers(c) && n < sizeof(who) - 8; i++)
		if (c->daemon.acked[i] < c->pub.epoch)
			n += (size_t)snprintf(who + n, sizeof(who) - n, "%s%u", n ? ", " : "", i);
	snprintf(text, sizeof(text),
		 "Epoch %llu is published and kept, but worker %s has not taken it up within 5 s; "
		 "`sluicectl status` shows when it has.",
		 (unsigned long long)c->pub.epoch, who);
	end(c, -ETIMEDOUT, text);
}

static void check_pending(struct control *c)
{
	bool alive = publish_daemon_alive(c), epoch = c->pub.op == SL_CTL_EPOCH;

	if (alive && epoch && daemon_workers(c) > 0 && publish_lowest_epoch(c) >= c->pub.epoch)
		end(c, 0, "");
	else if (!alive && epoch)
		end(c, 0,
		    "The data plane has gone; it takes the configuration up when it is back.");
	else if (!alive)
		end(c, -ENOTCONN, "it has gone.");
	else if (sl_clock_us() > c->pub.deadline_us)
		late(c);
}

static bool all_have(const struct control *c, uint64_t epoch)
{
	for (uint32_t i = 0; i < daemon_workers(c); i++)
		if (c->daemon.acked[i] != epoch)
			return false;
	return true;
}

/* Whatever became of the file in shared memory: this process has what was in it. */
static void renew_file(struct control *c, uint64_t epoch)
{
	struct snapfile was;
	struct sl_err err;

	if (c->snap.map == NULL || c->snap.map->epoch != epoch)
		return;
	if (snapfile_open(&was, c->dir, epoch, &err) == 0) {
		snapfile_close(&was);
		return;
	}
	sl_log(SL_LOG_WARN, "The snapshot is written again: %s", err.text);
	if (snapfile_renew(c->dir, c->snap.map, &err) < 0)
		sl_log(SL_LOG_ERROR, "%s", err.text);
	c->unpatchable = true;
}

/*
 * A data plane that starts while an epoch is published may read the wanted one a moment too early,
 * or find a command for an older one in the ring that the run before it never took. Whoever has
 * another epoch than wanted is told again, less and less often.
 */
static void remind(struct control *c)
{
	uint64_t now = sl_clock_us(), want = c->hdr->want_epoch;
	struct daemon_view *d = &c->daemon;

	if (want == 0 || !publish_daemon_alive(c) || all_have(c, want)) {
		d->remind_at_us = 0;
		return;
	}
	if (d->remind_at_us == 0) {
		d->remind_every_us = CONTROL_REMIND_MIN_US;
		d->remind_at_us = now + d->remind_every_us;
	}
	if (now < d->remind_at_us)
		return;
	d->remind_every_us = SL_MIN(d->remind_every_us * 2, CONTROL_REMIND_MAX_US);
	d->remind_at_us = now + d->remind_every_us;
	publish_learn(c);
	if (all_have(c, want))
		return;
	renew_file(c, want);
	if (push(c, SL_CTL_EPOCH, want))
		sl_log(SL_LOG_WARN, "The data plane is told again to take up epoch %llu.",
		       (unsigned long long)want);
}

void publish_poll(struct control *c)
{
	bool news = false;

	follow_generation(c);
	read_main(c);
	for (uint32_t i = 0; i < SL_CTL_WORKERS_MAX; i++)
		news |= read_worker(c, i);
	if (c->pub.active)
		check_pending(c);
	else if (news)
		retire(c);
	if (!c->pub.active)
		remind(c);
}
