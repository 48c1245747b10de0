/* SPDX-License-Identifier: BSD-3-Clause */
/* The main lcore's loop: neighbours, commands from control, heartbeat; asleep most of the time. */
#include <errno.h>
#include <stdio.h>

#include "sl_bell.h"
#include "sluiced.h"

#define HEARTBEAT_US    100000u
#define CONFLICT_SAY_US 60000000u
#define NAP_NS          500000 /* while there was work of late */
#define NAP_LONG_NS     4000000
#define NOTICE_US       50000
#define RECENT_US       10000

static uint32_t punted(struct box *b)
{
	struct rte_mbuf *pkts[SL_BURST];
	uint32_t n = rte_ring_sc_dequeue_burst(b->punt, (void **)pkts, SL_BURST, NULL);

	for (uint32_t i = 0; i < n; i++)
		sl_net_main_input(b->net, &b->lc, pkts[i]);
	sl_net_main_poll(b->net, &b->lc);
	return n;
}

/* Another host uses an address of ours: said once a minute at most. */
static void report_conflict(struct box *b)
{
	const struct sl_net_conflict *c = sl_net_conflict(b->net);
	char ip[SL_IP_TEXT_MAX];

	if (c->count == b->conflicts || b->lc.now_us - b->conflict_said_us < CONFLICT_SAY_US)
		return;
	b->conflicts = c->count;
	b->conflict_said_us = b->lc.now_us;
	sl_log(SL_LOG_WARN,
	       "Address %s of port %s is also used by %02x:%02x:%02x:%02x:%02x:%02x: give one of "
	       "the "
	       "two another address.",
	       sl_ip_format(&c->ip, ip), b->port[c->port]->cfg.name, c->mac[0], c->mac[1],
	       c->mac[2], c->mac[3], c->mac[4], c->mac[5]);
}

static void answer(struct box *b, uint32_t op, uint64_t epoch, int code, const char *text)
{
	struct sl_ctl_ans ans = {
		.op = op, .code = code, .epoch = epoch, .generation = b->generation};

	snprintf(ans.text, sizeof(ans.text), "%s", text);
	sl_ring_push(sl_ctl_main_ans(b->ctl), &ans, sizeof(ans));
}

static void take_epoch(struct box *b, uint64_t number)
{
	struct sl_err err = {.text = ""};
	int rc = epoch_take(b, number, &err);

	answer(b, SL_CTL_EPOCH, number, rc, err.text);
	if (rc < 0)
		sl_log(SL_LOG_ERROR, "Configuration %lu is refused: %s", (unsigned long)number,
		       err.text);
	else
		sl_log(SL_LOG_INFO, "Configuration %lu is in use.", (unsigned long)number);
}

static uint32_t sessions(struct box *b)
{
	uint32_t n = 0;

	for (uint16_t i = 0; i < b->n_workers; i++)
		n += sl_worker_sessions(b->worker[i]);
	return n;
}

static void drain(struct box *b, bool on)
{
	sl_stats_hdr(b->stats)->draining = on;
	for (uint16_t i = 0; i < b->n_workers; i++)
		sl_worker_drain(b->worker[i], on);
	sl_log(SL_LOG_INFO,
	       on ? "Draining: %u client connections are open."
		  : "Taking connections again; %u are open.",
	       sessions(b));
}

/* One command at a time, and none while workers are between two configurations. */
static uint32_t commands(struct box *b)
{
	struct sl_ring *ring = sl_ctl_main_cmd(b->ctl);
	struct sl_ctl_cmd cmd;
	const void *msg;
	uint32_t len;

	epoch_retire(b);
	if (b->last)
		return 0;
	msg = sl_ring_peek(ring, &len);
	if (!msg)
		return 0;
	if (len != sizeof(cmd)) {
		sl_ring_release(ring);
		answer(b, 0, 0, -EPROTO, "The command has an unknown size.");
		return 1;
	}
	memcpy(&cmd, msg, sizeof(cmd));
	sl_ring_release(ring);
	switch (cmd.op) {
	case SL_CTL_EPOCH:
		/* A command left over from before a restart must not lead back. */
		take_epoch(b, SL_MAX(cmd.epoch, sl_ctl_hdr(b->ctl)->want_epoch));
		break;
	case SL_CTL_DRAIN:
	case SL_CTL_UNDRAIN:
		/* A process that ends does not begin anew. */
		drain(b, cmd.op == SL_CTL_DRAIN || sluiced_stop);
		answer(b, cmd.op, 0, 0, "");
		break;
	default:
		answer(b, cmd.op, 0, -ENOSYS, "The command is unknown to this data plane.");
	}
	return 1;
}

/* What the ports lost before a worker saw it: received and dropped by the main lcore's ledger. */
static void count_missed(struct box *b)
{
	struct sl_stats_worker *st = &b->lc.stats;

	for (uint16_t i = 0; i < b->n_ports; i++) {
		struct sl_port *port = b->port[i];
		uint64_t now = port->ops->missed ? port->ops->missed(port) : 0;
		uint64_t more = now - st->port[i].rx_missed;

		st->port[i].rx_missed = now;
		st->c->rx += more;
		st->drops[SL_DROP_RX_MISSED] += more;
	}
}

static void heartbeat(struct box *b)
{
	struct sl_stats_hdr *hdr = sl_stats_hdr(b->stats);
	struct sl_ctl_hdr *ctl = sl_ctl_hdr(b->ctl);
	uint64_t wall_offset_us = sl_wall_us() - b->lc.now_us;

	hdr->mbufs_free = rte_mempool_avail_count(b->pool) + rte_mempool_avail_count(b->clone_pool);
	hdr->heartbeat_us = b->lc.now_us;
	ctl->daemon_heartbeat_us = b->lc.now_us;
	report_conflict(b);
	count_missed(b);
	for (uint16_t i = 0; i < b->n_ports; i++)
		hdr->port[i].up = b->port[i]->ops->link_up(b->port[i]);
	for (uint16_t i = 0; i < b->n_workers; i++)
		sl_worker_set_wall_offset(b->worker[i], wall_offset_us);
}

/* A first signal drains; the end comes when nothing is open, too late, or asked for again. */
static bool finished(struct box *b, uint64_t *deadline_us)
{
	if (!sluiced_stop)
		return false;
	if (*deadline_us == 0) {
		*deadline_us = b->lc.now_us + (uint64_t)b->conf->drain_ms * 1000 + 1;
		drain(b, true);
	}
	/* The workers notice first, and count whom they still serve. */
	if (sluiced_stop == 1 &&
	    b->lc.now_us + (uint64_t)b->conf->drain_ms * 1000 + 1 < *deadline_us + NOTICE_US)
		return false;
	return sluiced_stop > 1 || sessions(b) == 0 || b->lc.now_us > *deadline_us;
}

void main_lcore_run(struct box *b)
{
	uint64_t beat_us = 0, deadline_us = 0, work_us = 0;
	struct sl_ctl_hdr *ctl = sl_ctl_hdr(b->ctl);

	ctl->daemon_generation = b->generation;
	ctl->daemon_pid = sl_stats_hdr(b->stats)->pid;
	ctl->daemon_workers = b->n_workers;
	b->lc.now_us = sl_clock_us();
	if (ctl->want_epoch)
		take_epoch(b, ctl->want_epoch);
	while (!finished(b, &deadline_us)) {
		uint32_t bell = sl_bell_seen(&ctl->daemon_bell), work;

		b->lc.now_us = sl_clock_us();
		work = punted(b) + commands(b);
		if (b->lc.now_us - beat_us >= HEARTBEAT_US) {
			heartbeat(b);
			beat_us = b->lc.now_us;
		}
		if (work)
			work_us = b->lc.now_us;
		else
			sl_bell_wait(&ctl->daemon_bell, bell,
				     b->lc.now_us - work_us < RECENT_US ? NAP_NS : NAP_LONG_NS);
	}
	ctl->daemon_heartbeat_us = 0;
}
