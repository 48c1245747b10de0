/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands in for sluiced in the tests of control and command line: no packets, but the whole of its
 * side of the shared segments. Usage: fake_daemon INSTANCE WORKERS.
 *
 * A line on standard input says what to do next: "refuse" (the next epochs), "accept",
 * "mute WORKER" (it acknowledges nothing), "log N" (records), "forged" (a record that lies about
 * its lengths, and heads that do), "request IP PORT HOST PATH [NAME=VALUE | NAME ...]" (a GET, its
 * head with the values of fields where they are said), "count" (numbers in the counters), "sick
 * IP:PORT e|f" (an endpoint), "stop" (no heartbeat, no answers), "go".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sl_ctl.h"
#include "sl_heads.h"
#include "sl_snap.h"
#include "sl_stats.h"

struct fake {
	char dir[64];
	struct sl_ctl *ctl;
	struct sl_ctl_hdr *hdr;
	struct sl_stats *stats;
	const struct sl_snap *snap; /* taken last */
	uint64_t generation;
	uint32_t workers;
	int mute;
	bool refuse, stopped;
};

static void answer(struct sl_ring *ring, const struct fake *f, uint32_t op, uint64_t epoch,
		   int code, const char *text)
{
	struct sl_ctl_ans a = {.op = op, .code = code, .epoch = epoch, .generation = f->generation};

	snprintf(a.text, sizeof(a.text), "%s", text);
	sl_ring_push(ring, &a, sizeof(a));
}

static void name_slots(struct fake *f, const struct sl_snap *s)
{
	sl_stats_directory_begin(f->stats);
	for (int c = 0; c < SL_STATS_CLASS_COUNT; c++)
		for (uint32_t i = 0; i < sl_snap_count(s, sl_snap_slot_tab(c)); i++) {
			const struct sl_slot *slot = sl_snap_slot(s, c, i);

			sl_stats_directory_set(f->stats, c, slot->index, slot->born, s->epoch,
					       sl_snap_str(s, sl_snap_slot_name(s, c, i)));
		}
	sl_stats_directory_end(f->stats, s->epoch);
}

static int map_epoch(struct fake *f, uint64_t epoch, struct sl_err *err)
{
	const struct sl_snap *s;
	char path[128];
	int rc = sl_snap_load(&s, sl_ctl_snap_path(f->dir, epoch, path, sizeof(path)), epoch,
			      f->snap, err);

	if (rc < 0)
		return rc;
	name_slots(f, s);
	sl_snap_unload(f->snap);
	f->snap = s;
	return 0;
}

static void take(struct fake *f, uint64_t epoch)
{
	struct sl_err err = {""};
	int rc = f->refuse ? sl_err(&err, EINVAL, "refused for the test")
			   : map_epoch(f, epoch, &err);

	answer(sl_ctl_main_ans(f->ctl), f, SL_CTL_EPOCH, epoch, rc, err.text);
	printf("epoch %llu %s\n", (unsigned long long)epoch, rc == 0 ? "taken" : err.text);
	for (uint32_t i = 0; rc == 0 && i < f->workers; i++) {
		struct sl_stats_worker w;

		if ((int)i == f->mute)
			continue;
		sl_stats_worker_view(f->stats, i, &w);
		w.c->epoch = epoch;
		answer(sl_ctl_ans(f->ctl, i), f, SL_CTL_EPOCH, epoch, 0, "");
	}
}

static void commands(struct fake *f)
{
	struct sl_ring *ring = sl_ctl_main_cmd(f->ctl);
	struct sl_ctl_cmd cmd;
	const void *msg;
	uint32_t len;

	while ((msg = sl_ring_peek(ring, &len)) != NULL) {
		memcpy(&cmd, msg, sizeof(cmd));
		sl_ring_release(ring);
		if (cmd.op == SL_CTL_EPOCH) {
			take(f, cmd.epoch);
			continue;
		}
		if (cmd.op == SL_CTL_DRAIN || cmd.op == SL_CTL_UNDRAIN)
			sl_stats_hdr(f->stats)->draining = cmd.op == SL_CTL_DRAIN;
		answer(sl_ctl_main_ans(f->ctl), f, cmd.op, 0, 0, "");
	}
}

static void push_log(struct fake *f, int n)
{
	static const char path[] = "/simple/nginx?q=1";
	char buf[sizeof(struct sl_log_record) + sizeof(path)];
	struct sl_log_record r = {.start_wall_us = sl_wall_us(), .status = 200, .http_minor = 1};

	r.len[SL_LOG_PATH] = sizeof(path) - 1;
	memcpy(buf, &r, sizeof(r));
	memcpy(buf + sizeof(r), path, sizeof(path) - 1);
	for (int i = 0; i < n; i++)
		sl_ring_push(sl_ctl_log(f->ctl, (uint32_t)i % f->workers), buf,
			     sizeof(r) + sizeof(path) - 1);
}

static void push_fields(struct sl_head_out *out, char *args)
{
	char *save = NULL, *eq;

	for (char *p = strtok_r(args, " \n", &save); p != NULL; p = strtok_r(NULL, " \n", &save)) {
		eq = strchr(p, '=');
		if (eq != NULL)
			*eq++ = '\0';
		sl_head_field(out, sl_str(p), sl_str(eq != NULL ? eq : "it is secret"), eq != NULL);
	}
}

static void push_head(struct fake *f, const struct sl_head *h, char *fields)
{
	struct sl_ring *ring = sl_ctl_head(f->ctl, 0);
	struct sl_head_out out;
	void *slot;

	/* No worker waits, but the tests count what they sent. */
	while ((slot = sl_ring_reserve(ring)) == NULL)
		usleep(1000);
	sl_head_begin(&out, slot, h);
	push_fields(&out, fields);
	sl_ring_publish(ring, sl_head_end(&out));
}

/* "IP PORT HOST PATH [FIELDS]": a GET that a client sent there. */
static void push_request(struct fake *f, char *args)
{
	static uint32_t requests;
	struct sl_log_record r = {.start_wall_us = sl_wall_us(), .status = 200, .http_minor = 1};
	struct sl_head h = {
		.wall_us = r.start_wall_us, .requests = 1, .method = SL_STR("GET"), .minor = 1};
	char buf[sizeof(r) + 512], ip[64], host[128], path[256], id[16];
	unsigned port;
	int n, fields = 0;

	if (sscanf(args, "%63s %u %127s %255s%n", ip, &port, host, path, &fields) != 4 ||
	    sl_ip_parse(ip, &r.local_ip, NULL) < 0)
		return;
	snprintf(id, sizeof(id), "%u", ++requests);
	r.local_port = h.local.port = (uint16_t)port;
	h.local.ip = r.local_ip;
	h.host = sl_str(host);
	h.target = sl_str(path);
	h.request_id = sl_str(id);
	push_head(f, &h, args + fields);
	n = snprintf(buf + sizeof(r), sizeof(buf) - sizeof(r), "GET%s%s%s", path, host, id);
	r.len[SL_LOG_METHOD] = 3;
	r.len[SL_LOG_PATH] = (uint16_t)strlen(path);
	r.len[SL_LOG_AUTHORITY] = (uint16_t)strlen(host);
	r.len[SL_LOG_REQUEST_ID] = (uint16_t)strlen(id);
	memcpy(buf, &r, sizeof(r));
	sl_ring_push(sl_ctl_log(f->ctl, 0), buf, (uint32_t)(sizeof(r) + (size_t)n));
}

static void push_forged(struct fake *f)
{
	struct sl_log_record r = {.status = 200};
	struct sl_head_record h = {.wall_us = sl_wall_us(), .requests = 1000, .len = 2000};

	r.len[SL_LOG_PATH] = 0x7fff;
	sl_ring_push(sl_ctl_log(f->ctl, 0), &r, sizeof(r));
	sl_ring_push(sl_ctl_log(f->ctl, 0), "x", 1);
	sl_ring_push(sl_ctl_head(f->ctl, 0), "x", 1);
	sl_ring_push(sl_ctl_head(f->ctl, 0), &h, sizeof(h));
}

static void count(struct fake *f)
{
	struct sl_stats_worker w;

	for (uint32_t i = 0; i < f->workers; i++) {
		sl_stats_worker_view(f->stats, i, &w);
		w.c->rx = 100 + i;
		w.c->tx = 60;
		w.c->consumed = 30;
		w.drops[SL_DROP_ETH_SHORT] = 10 + i;
		w.c->busy_us = 1000;
	}
}

/* "IP:PORT e", "IP:PORT f" or "IP:PORT": ejected, failing its checks, or well again. */
static void sick(struct fake *f, const char *args)
{
	char addr[64], want[64], what = 0;
	struct sl_stats_worker w;

	if (f->snap == NULL || sscanf(args, "%63s %c", want, &what) < 1)
		return;
	sl_stats_worker_view(f->stats, 0, &w);
	for (uint32_t i = 0; i < sl_snap_count(f->snap, SL_SNAP_ENDPOINTS); i++) {
		const struct sl_snap_endpoint *ep = sl_snap_endpoint(f->snap, i);

		sl_stats_slot_claim(&w, SL_STATS_ENDPOINT, ep->slot.index, ep->slot.born);
		if (strcmp(sl_ip_port_format(&ep->ip, ep->port, addr), want) != 0)
			continue;
		w.endpoint[ep->slot.index].ejected = what == 'e';
		w.endpoint[ep->slot.index].check_failing = what == 'f';
	}
}

static void line(struct fake *f, char *s)
{
	if (strncmp(s, "refuse", 6) == 0)
		f->refuse = true;
	else if (strncmp(s, "accept", 6) == 0)
		f->refuse = false;
	else if (strncmp(s, "mute ", 5) == 0)
		f->mute = (int)strtol(s + 5, NULL, 10);
	else if (strncmp(s, "log ", 4) == 0)
		push_log(f, (int)strtol(s + 4, NULL, 10));
	else if (strncmp(s, "request ", 8) == 0)
		push_request(f, s + 8);
	else if (strncmp(s, "forged", 6) == 0)
		push_forged(f);
	else if (strncmp(s, "count", 5) == 0)
		count(f);
	else if (strncmp(s, "sick ", 5) == 0)
		sick(f, s + 5);
	else if (strncmp(s, "stop", 4) == 0)
		f->stopped = true;
	else if (strncmp(s, "go", 2) == 0)
		f->stopped = false;
	printf("ok\n");
}

static int start(struct fake *f, const char *instance, struct sl_err *err)
{
	struct sl_stats_config cfg = {.instance = instance, .n_workers = f->workers};
	char path[96];
	int rc = sl_ctl_dir(instance, f->dir, sizeof(f->dir), err);

	if (rc == 0)
		rc = sl_ctl_open(&f->ctl, f->dir, err);
	if (rc == 0)
		rc = sl_ctl_reserve(f->ctl, f->workers, err);
	snprintf(path, sizeof(path), "%s/stats", f->dir);
	cfg.path = path;
	if (rc == 0)
		rc = sl_stats_create(&f->stats, &cfg, err);
	if (rc < 0)
		return rc;
	f->hdr = sl_ctl_hdr(f->ctl);
	f->generation = sl_stats_hdr(f->stats)->generation;
	sl_stats_hdr(f->stats)->mbufs_total = 1000;
	sl_stats_hdr(f->stats)->mbufs_free = 900;
	f->hdr->daemon_generation = f->generation;
	f->hdr->daemon_pid = (int32_t)getpid();
	f->hdr->daemon_workers = f->workers;
	if (f->hdr->want_epoch != 0)
		take(f, f->hdr->want_epoch);
	return 0;
}

int main(int argc, char **argv)
{
	struct fake f = {.mute = -1};
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	struct sl_err err = {""};
	char buf[512];

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	f.workers = (uint32_t)(int)strtol(argv[2], NULL, 10);
	if (start(&f, argv[1], &err) < 0) {
		fprintf(stderr, "fake_daemon: %s\n", err.text);
		return 1;
	}
	printf("ready\n");
	for (;;) {
		if (!f.stopped) {
			f.hdr->daemon_heartbeat_us = sl_clock_us();
			sl_stats_hdr(f.stats)->heartbeat_us = sl_clock_us();
			commands(&f);
		}
		if (poll(&in, 1, 2) > 0) {
			if (fgets(buf, sizeof(buf), stdin) == NULL)
				return 0;
			line(&f, buf);
		}
	}
}
