/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker put together before its lcore starts: everything it will use is allocated here. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "sl_steer.h"
#include "worker.h"

static bool accept_syn(void *user, const struct sl_pkt *syn, uint32_t *listener)
{
	struct sl_worker *w = user;

	return sl_proxy_accept(w->proxy, syn, listener);
}

static void output(void *user, struct rte_mbuf *m)
{
	struct sl_worker *w = user;

	sl_ip_send(w->nl, m);
}

static bool route(void *user, const struct sl_ip *dst, struct sl_ip *src, uint16_t *mtu)
{
	struct sl_worker *w = user;

	return sl_net_source(w->cfg.net, dst, src, mtu);
}

/* Of a client whose connection outlived a process: the configuration may be another one now. */
static bool ours(void *user, const struct sl_ip_port *local, const struct sl_ip_port *remote)
{
	struct sl_worker *w = user;
	bool is_local = sl_net_is_local(w->cfg.net, &local->ip);
	struct sl_tuple t = {.src = remote->ip,
			     .dst = local->ip,
			     .sport = remote->port,
			     .dport = local->port,
			     .proto = IPPROTO_TCP};

	if (!is_local && !sl_net_is_virtual(w->cfg.net, &local->ip))
		return false;
	return sl_steer_owner(&t, is_local, w->cfg.workers) == w->cfg.index;
}

/* A quoted packet is either of a session we translate or of a connection of ours. */
static bool icmp_error(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	struct sl_worker *w = arg;

	if (sl_nat_icmp_error(w->nat, m, e))
		return true;
	if (!sl_tcp_icmp_error(w->tcp, e))
		return false;
	sl_consume(&w->lc);
	rte_pktmbuf_free(m);
	return true;
}

static int create_parts(struct sl_worker *w, struct sl_err *err)
{
	struct sl_worker_config *cfg = &w->cfg;
	int rc;

	w->nl = sl_net_lcore_create(cfg->net, &w->lc);
	if (!w->nl)
		return sl_err(err, ENOMEM, "Out of memory for the IP layer of a worker.");
	sl_net_on_icmp_error(w->nl, icmp_error, w);
	cfg->tcp.accept = accept_syn;
	cfg->tcp.output = output;
	cfg->tcp.route = route;
	cfg->tcp.ours = ours;
	cfg->tcp.user = w;
	rc = sl_tcp_create(&w->tcp, &w->lc, &cfg->tcp, err);
	if (rc == 0)
		rc = sl_nat_create(&w->nat, &w->lc, cfg->net, w->nl, &cfg->nat, err);
	if (rc == 0)
		rc = sl_proxy_create(&w->proxy, &w->lc, w->tcp, &cfg->proxy, err);
	return rc;
}

int sl_worker_create(struct sl_worker **out, const struct sl_worker_config *cfg, struct sl_err *err)
{
	struct sl_worker *w = aligned_alloc(SL_CACHE_LINE, sizeof(*w));
	struct sl_hash_key seed;
	int rc;

	if (!w)
		return sl_err(err, ENOMEM, "Out of memory for a worker.");
	memset(w, 0, sizeof(*w));
	if (sl_hash_key_random(&seed) < 0) {
		free(w);
		return sl_err(err, EIO, "The kernel gives no random numbers.");
	}
	w->cfg = *cfg;
	w->lc.index = cfg->index;
	w->lc.workers = cfg->workers;
	w->lc.now_us = sl_clock_us();
	w->lc.rnd = seed.k0 | 1;
	w->lc.pool = cfg->pool;
	w->lc.clone_pool = cfg->clone_pool;
	w->lc.stats = cfg->stats;
	w->lc.health = cfg->health;
	w->lc.punt = cfg->punt;
	w->wall_offset_us = cfg->proxy.wall_offset_us;
	rc = create_parts(w, err);
	if (rc < 0) {
		sl_worker_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void sl_worker_free(struct sl_worker *w)
{
	if (!w)
		return;
	if (w->proxy)
		sl_proxy_free(w->proxy);
	if (w->nat)
		sl_nat_free(w->nat);
	if (w->tcp)
		sl_tcp_free(w->tcp);
	if (w->nl)
		sl_net_lcore_free(w->nl);
	free(w);
}

void sl_worker_tables(const struct sl_worker *w, struct sl_stats_table out[SL_STATS_TABLES])
{
	struct sl_tcp_tables t;
	struct sl_proxy_tables p;

	sl_tcp_tables(w->tcp, &t);
	sl_proxy_tables(w->proxy, &p);
	out[SL_STATS_TABLE_CONNS] = (struct sl_stats_table){t.conns.row_bytes, t.conns.rows};
	out[SL_STATS_TABLE_HALF_OPEN] =
		(struct sl_stats_table){t.half_open.row_bytes, t.half_open.rows};
	out[SL_STATS_TABLE_TIME_WAIT] =
		(struct sl_stats_table){t.time_wait.row_bytes, t.time_wait.rows};
	out[SL_STATS_TABLE_SESSIONS] = (struct sl_stats_table){p.session_bytes, p.sessions};
	out[SL_STATS_TABLE_UPSTREAMS] = (struct sl_stats_table){p.upstream_bytes, p.upstreams};
	out[SL_STATS_TABLE_L4] = (struct sl_stats_table){(uint32_t)sizeof(struct sl_nat_session),
							 w->cfg.nat.rows_max};
	out[SL_STATS_TABLE_KEPT] = (struct sl_stats_table){t.kept.row_bytes, t.kept.rows};
}

void sl_worker_stop(struct sl_worker *w)
{
	__atomic_store_n(&w->stop, 1, __ATOMIC_RELAXED);
}

void sl_worker_drain(struct sl_worker *w, bool on)
{
	__atomic_store_n(&w->drain, on, __ATOMIC_RELAXED);
}

uint32_t sl_worker_sessions(const struct sl_worker *w)
{
	return __atomic_load_n(&w->sessions, __ATOMIC_RELAXED);
}

void sl_worker_set_wall_offset(struct sl_worker *w, uint64_t wall_offset_us)
{
	__atomic_store_n(&w->wall_offset_us, wall_offset_us, __ATOMIC_RELAXED);
}
