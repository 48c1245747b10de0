/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the metrics come from: the statistics segment, the snapshot in use, access records. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "metrics.h"
#include "sl_stats_sum.h"
#include "tally.h"

#define LABELS_MAX 1024
#define NAME_MAX_  320

static enum metric_kind kind_of(const struct sl_stats_item *item)
{
	if (item->hist != NULL)
		return METRIC_HISTOGRAM;
	return strcmp(item->kind, "gauge") == 0 ? METRIC_GAUGE : METRIC_COUNTER;
}

static uint64_t value_of(const struct sl_stats_item *item)
{
	return kind_of(item) == METRIC_GAUGE ? sl_stats_gauge(item->sum) : item->sum;
}

/* "rq_2xx": 2; 0 for any other field. */
static int code_class(const char *field)
{
	return strncmp(field, "rq_", 3) == 0 && isdigit((unsigned char)field[3]) &&
			       strcmp(field + 4, "xx") == 0
		       ? field[3] - '0'
		       : 0;
}

/* An Envoy statistic: "<scope>.<object>.<stem>", family "envoy_<scope>_<stem>". */
static void envoy(struct metrics *all, const struct sl_stats_item *item, const char *scope,
		  const char *object, const char *label, const char *stem)
{
	char labels[LABELS_MAX] = "", family[NAME_MAX_];
	int cls = code_class(item->field);

	if (cls != 0) {
		char digit[2] = {(char)('0' + cls), '\0'};

		/* "upstream_rq_2xx" is the family upstream_rq_xx with the class as a label. */
		metrics_label(labels, sizeof(labels), "envoy_response_code_class", digit);
		snprintf(family, sizeof(family), "envoy_%s_%.*sxx", scope, (int)strlen(stem) - 3,
			 stem);
	} else {
		snprintf(family, sizeof(family), "envoy_%s_%s", scope, stem);
	}
	metrics_label(labels, sizeof(labels), label, object);
	metrics_add(all, kind_of(item), family, labels, item->help, value_of(item), item->hist,
		    "%s.%s.%s", scope, object, stem);
}

static void cluster_metric(struct metrics *all, const struct sl_stats_item *item)
{
	const char *f = item->field;
	char stem[64];

	if (item->hist != NULL)
		snprintf(stem, sizeof(stem), "upstream_rq_time");
	else if (strcmp(f, "none_healthy") == 0)
		snprintf(stem, sizeof(stem), "upstream_cx_none_healthy");
	else
		snprintf(stem, sizeof(stem), "%s%s",
			 strncmp(f, "cx_", 3) == 0 || strncmp(f, "rq_", 3) == 0 ? "upstream_" : "",
			 f);
	envoy(all, item, "cluster", item->object, "envoy_cluster_name", stem);
}

static void listener_metric(struct metrics *all, const struct sl_stats_item *item)
{
	const char *f = item->field;
	char stem[64], prefix[NAME_MAX_];

	if (strcmp(f, "rx_bytes") == 0 || strcmp(f, "tx_bytes") == 0)
		snprintf(stem, sizeof(stem), "downstream_cx_%s_total", f);
	else
		snprintf(stem, sizeof(stem), "downstream_%s", f);
	snprintf(prefix, sizeof(prefix), "outbound_%s", item->object);
	envoy(all, item, "http", prefix, "envoy_http_conn_manager_prefix", stem);
	if (strncmp(f, "cx_", 3) == 0)
		envoy(all, item, "listener", item->object, "envoy_listener_address", stem);
}

/* What Envoy has no name for. Counters end in _total, as Prometheus wants it. */
static void own_metric(struct metrics *all, const struct sl_stats_item *item)
{
	enum metric_kind kind = kind_of(item);
	size_t n = strlen(item->field);
	bool total = n > 6 && strcmp(item->field + n - 6, "_total") == 0;
	char labels[LABELS_MAX] = "", family[NAME_MAX_];

	if (strcmp(item->group, "drop") == 0) {
		metrics_label(labels, sizeof(labels), "reason", item->field);
		metrics_add(all, kind, "sluice_drops_total", labels, "packets dropped, by reason",
			    item->sum, NULL, "sluice.drop.%s", item->field);
		return;
	}
	if (item->object[0] != '\0')
		metrics_label(labels, sizeof(labels), item->group, item->object);
	snprintf(family, sizeof(family), "sluice_%s_%s%s", item->group, item->field,
		 kind == METRIC_COUNTER && !total ? "_total" : "");
	metrics_add(all, kind, family, labels, item->help, value_of(item), item->hist,
		    "sluice.%s%s%s.%s", item->group, item->object[0] ? "." : "", item->object,
		    item->field);
}

static int visit(void *arg, const struct sl_stats_item *item)
{
	struct metrics *all = arg;

	if (strcmp(item->group, "cluster") == 0)
		cluster_metric(all, item);
	else if (strcmp(item->group, "listener") == 0)
		listener_metric(all, item);
	/* Of tens of thousands of routes only those that were taken; no histogram of each. */
	else if (strcmp(item->group, "route") != 0 || (item->hist == NULL && item->sum != 0))
		own_metric(all, item);
	return 0;
}

static void gather_segment(struct metrics *all, const struct control *c)
{
	struct sl_stats *stats;
	char path[96];

	snprintf(path, sizeof(path), "%s/stats", c->dir);
	if (sl_stats_open(&stats, path, NULL) < 0)
		return;
	sl_stats_visit(stats, visit, all);
	sl_stats_close(stats);
}

/* One of a kind, by its name in Envoy's dotted form. */
static void single(struct metrics *all, enum metric_kind kind, const char *name, const char *help,
		   uint64_t value)
{
	char family[NAME_MAX_];

	snprintf(family, sizeof(family), "%s%s%s", strncmp(name, "sluice", 6) == 0 ? "" : "envoy_",
		 name, kind == METRIC_COUNTER ? "_total" : "");
	for (char *p = family; *p != '\0'; p++)
		if (*p == '.')
			*p = '_';
	metrics_add(all, kind, family, "", help, value, NULL, "%s", name);
}

static void gauge(struct metrics *all, const char *name, const char *help, uint64_t value)
{
	single(all, METRIC_GAUGE, name, help, value);
}

static void counter(struct metrics *all, const char *name, const char *help, uint64_t value)
{
	single(all, METRIC_COUNTER, name, help, value);
}

static void gather_members(struct metrics *all, const struct sl_snap *s)
{
	for (uint32_t i = 0; i < sl_snap_count(s, SL_SNAP_CLUSTERS); i++) {
		const struct sl_snap_cluster *cl = sl_snap_cluster(s, i);
		struct sl_str name = sl_snap_str(s, cl->name);
		char labels[LABELS_MAX] = "";

		metrics_label(labels, sizeof(labels), "envoy_cluster_name", name.p);
		metrics_add(all, METRIC_GAUGE, "envoy_cluster_membership_total", labels,
			    "endpoints of the cluster", cl->endpoints.n, NULL,
			    "cluster.%s.membership_total", name.p);
		metrics_add(all, METRIC_GAUGE, "envoy_cluster_membership_healthy", labels,
			    "endpoints of the cluster that are healthy", cl->healthy.n, NULL,
			    "cluster.%s.membership_healthy", name.p);
	}
}

static void gather_dns(struct metrics *all, const struct control *c)
{
	struct dns_counts n;

	dns_count(c->dns, &n);
	gauge(all, "sluice.dns.names", "names that are looked up", n.names);
	gauge(all, "sluice.dns.failing", "names that were not answered the last time", n.failing);
	counter(all, "sluice.dns.lookups", "names that were looked up, each time", n.lookups);
	counter(all, "sluice.dns.failures", "look-ups without an address", n.failures);
	counter(all, "sluice.dns.answers_cut", "answers with more addresses than become endpoints",
		n.answers_cut);
	counter(all, "sluice.dns.addresses_unfit",
		"addresses that become no endpoints: loopback, link-local or the like",
		n.addresses_unfit);
}

static void gather_control(struct metrics *all, struct control *c)
{
	const struct sl_snap *s = c->snap.map;
	bool alive = publish_daemon_alive(c);
	uint64_t lowest = publish_lowest_epoch(c);

	gauge(all, "server.live", "1 while the data plane runs and has a configuration",
	      alive && s != NULL && lowest > 0);
	gauge(all, "server.uptime", "seconds since the control process started",
	      (sl_clock_us() - c->started_us) / 1000000);
	gauge(all, "server.concurrency", "workers", alive ? c->hdr->daemon_workers : 0);
	gauge(all, "sluice.config.epoch", "configuration that is wanted", c->hdr->want_epoch);
	gauge(all, "sluice.config.epoch_oldest", "oldest configuration that a worker has",
	      alive ? lowest : 0);
	gauge(all, "sluice.config.fault", "1 while the files on disk are not what is in use",
	      c->fault.text[0] != '\0' || c->source_fault.text[0] != '\0');
	gauge(all, "sluice.config.change_p50_microseconds",
	      "a change from being read to the last worker, median of the last ones",
	      timing_quantile(&c->timing, 0.5));
	gauge(all, "sluice.config.change_p99_microseconds",
	      "a change from being read to the last worker, 99th percentile of the last ones",
	      timing_quantile(&c->timing, 0.99));
	gather_dns(all, c);
	if (s == NULL)
		return;
	gauge(all, "cluster_manager.active_clusters", "clusters",
	      sl_snap_count(s, SL_SNAP_CLUSTERS));
	gauge(all, "listener_manager.total_listeners_active", "listeners",
	      sl_snap_count(s, SL_SNAP_LISTENERS));
	gather_members(all, s);
}

void metrics_gather(struct metrics *all, struct control *c)
{
	*all = (struct metrics){0};
	gather_control(all, c);
	gather_segment(all, c);
	tally_gather(c->tally, all, c->instance);
}
