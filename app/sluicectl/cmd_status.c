/* SPDX-License-Identifier: BSD-3-Clause */
/* status: control over its socket, data plane from its statistics; each also without the other. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "sl_stats_sum.h"
#include "sluicectl.h"

static long long number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* Rows of each table that a worker uses now. */
static json_t *used(const struct sl_stats_counters *c)
{
	json_t *o = json_object();

#define USED(id, name, gauge) \
	json_object_set_new(o, name, json_integer((json_int_t)sl_stats_gauge(c->gauge)));
	SL_STATS_TABLE(USED)
#undef USED
	return o;
}

/* What each worker reserved at start: bytes a row, and rows. */
static json_t *memory(const struct sl_stats_hdr *h)
{
	static const char *const names[] = {
#define NAME(id, name, gauge) name,
		SL_STATS_TABLE(NAME)
#undef NAME
	};
	json_t *all = json_array();

	for (int i = 0; i < SL_STATS_TABLES; i++)
		json_array_append_new(all, json_pack("{s:s, s:I, s:I}", "table", names[i],
						     "row_bytes", (json_int_t)h->table[i].row_bytes,
						     "rows", (json_int_t)h->table[i].rows));
	return all;
}

static json_t *data_plane(const struct sl_stats *stats)
{
	const struct sl_stats_hdr *h = sl_stats_hdr(stats);
	bool alive = ctl_stats_alive(stats);
	json_t *workers = json_array();
	uint64_t low = 0;

	for (uint32_t i = 0; i + 1 < sl_stats_blocks(stats); i++) {
		struct sl_stats_worker view;

		sl_stats_worker_view(stats, i, &view);
		low += sl_stats_gauge(view.c->nat_ports_low);
		json_array_append_new(workers,
				      json_pack("{s:i, s:I, s:o}", "worker", (int)i, "epoch",
						(json_int_t)view.c->epoch, "used", used(view.c)));
	}
	return json_pack("{s:b, s:b, s:i, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "running", alive,
			 "draining", alive && h->draining, "pid", alive ? h->pid : 0, "uptime_us",
			 alive ? (json_int_t)(sl_clock_us() - h->started_us) : 0, "generation",
			 (json_int_t)h->generation, "ports_low", (json_int_t)low, "mbufs_total",
			 (json_int_t)h->mbufs_total, "mbufs_free", (json_int_t)h->mbufs_free,
			 "memory", memory(h), "workers", workers);
}

/* Names that stand for endpoints, where there are any; each that is not answered. */
static void print_names(const json_t *dns)
{
	const json_t *name;
	size_t i;

	if (number(dns, "names") == 0)
		return;
	printf("names       %lld looked up, %lld of them without an answer\n", number(dns, "names"),
	       number(dns, "failing"));
	json_array_foreach(json_object_get(dns, "list"), i, name)
	{
		printf("            %s (%s): %s; failures in a row %lld, addresses kept %lld\n",
		       text(name, "name"), text(name, "at"), text(name, "why"),
		       number(name, "failures"), number(name, "addresses"));
	}
}

static void print_control(const json_t *control)
{
	char up[32];

	if (!json_is_object(control)) {
		puts("control     not running");
		return;
	}
	printf("instance    %s\n", text(control, "instance"));
	printf("control     running, pid %lld, up %s, wants epoch %lld%s\n", number(control, "pid"),
	       out_duration((uint64_t)number(control, "uptime_us"), up),
	       number(control, "want_epoch"),
	       json_is_true(json_object_get(control, "publishing")) ? ", publishing" : "");
	printf("objects     %lld in use, %lld of them applied\n", number(control, "objects"),
	       number(control, "applied"));
	if (number(control, "changes") > 0)
		printf("changes     %lld since the start, read to last worker: p50 %.1f ms, p99 "
		       "%.1f "
		       "ms\n",
		       number(control, "changes"), (double)number(control, "change_p50_us") / 1e3,
		       (double)number(control, "change_p99_us") / 1e3);
	if (number(control, "pinned") != 0)
		printf("pinned      files are those of epoch %lld until `sluicectl reload`%s\n",
		       number(control, "pinned"),
		       json_is_true(json_object_get(control, "files_newer"))
			       ? "; they say something else now"
			       : "");
	if (number(control, "confirm_epoch") != 0)
		printf("confirm     back to epoch %lld in %lld s, unless `sluicectl confirm` is "
		       "run\n",
		       number(control, "confirm_epoch"), number(control, "confirm_left_s"));
	print_names(json_object_get(control, "dns"));
	if (text(control, "fault")[0] != '\0')
		printf("fault       %s\n", text(control, "fault"));
}

/* A line a table: what it costs, then how much of it each worker uses. */
static void print_memory(const json_t *dp)
{
	const json_t *workers = json_object_get(dp, "workers"), *m, *w;
	struct table *t = table_create(6, 2);
	size_t i, k;

	table_row(t, (const char *[]){"TABLE", "BYTES", "ROWS", "MIB", "WORKER", "USED"});
	json_array_foreach(json_object_get(dp, "memory"), i, m)
	{
		long long bytes = number(m, "row_bytes"), rows = number(m, "rows");
		char a[24], b[24], c[24], d[24], e[24];

		snprintf(a, sizeof(a), "%lld", bytes);
		snprintf(b, sizeof(b), "%lld", rows);
		snprintf(c, sizeof(c), "%.1f", (double)bytes * (double)rows / (1 << 20));
		json_array_foreach(workers, k, w)
		{
			snprintf(d, sizeof(d), "%lld", number(w, "worker"));
			snprintf(e, sizeof(e), "%lld",
				 number(json_object_get(w, "used"), text(m, "table")));
			table_row(t, (const char *[]){text(m, "table"), a, b, c, d, e});
		}
	}
	putchar('\n');
	table_print(t);
}

static void print_data_plane(const json_t *dp)
{
	struct table *t = table_create(2, 2);
	const json_t *w;
	char up[32], a[24], b[24];
	size_t i;

	if (!json_is_true(json_object_get(dp, "running"))) {
		puts("data plane  not running");
		table_print(t);
		return;
	}
	printf("data plane  running, %spid %lld, up %s, %zu workers\n",
	       json_is_true(json_object_get(dp, "draining")) ? "draining, " : "", number(dp, "pid"),
	       out_duration((uint64_t)number(dp, "uptime_us"), up),
	       json_array_size(json_object_get(dp, "workers")));
	printf("buffers     %lld of %lld free\n\n", number(dp, "mbufs_free"),
	       number(dp, "mbufs_total"));
	if (number(dp, "ports_low") > 0)
		printf("warning     %lld destinations have less than a fifth of their source ports "
		       "left; add addresses to `snat`\n\n",
		       number(dp, "ports_low"));
	table_row(t, (const char *[]){"WORKER", "EPOCH"});
	json_array_foreach(json_object_get(dp, "workers"), i, w)
	{
		snprintf(a, sizeof(a), "%lld", number(w, "worker"));
		snprintf(b, sizeof(b), "%lld", number(w, "epoch"));
		table_row(t, (const char *[]){a, b});
	}
	table_print(t);
	print_memory(dp);
}

/* No message where there are no statistics: that no data plane runs is part of the answer. */
static json_t *read_data_plane(const struct ctl *ctl, int *rc)
{
	struct sl_stats *stats;
	char dir[64], path[96];
	struct sl_err err;
	json_t *dp;
	int opened;

	*rc = ctl_locate(ctl, NULL, dir);
	if (*rc != EXIT_OK)
		return NULL;
	snprintf(path, sizeof(path), "%s/stats", dir);
	opened = sl_stats_open(&stats, path, &err);
	if (opened < 0 && opened != -ENOENT)
		ctl_fail(EXIT_UNREACHABLE, "%s", err.text);
	if (opened < 0)
		return json_pack("{s:b, s:[]}", "running", 0, "workers");
	dp = data_plane(stats);
	sl_stats_close(stats);
	return dp;
}

static int status(struct ctl *ctl, enum output out)
{
	json_t *control = NULL, *dp, *all;
	int rc;

	dp = read_data_plane(ctl, &rc);
	if (dp == NULL)
		return rc;
	rc = ctl_call_quiet(ctl, json_pack("{s:s}", "cmd", "status"), &control);
	if (control != NULL) {
		json_object_del(control, "ok");
		json_object_del(control, "data_plane");
	} else {
		control = json_null();
	}
	if (out == OUT_JSON) {
		all = json_pack("{s:O, s:O}", "control", control, "data_plane", dp);
		out_json(all);
		json_decref(all);
	} else {
		print_control(control);
		print_data_plane(dp);
	}
	json_decref(control);
	json_decref(dp);
	return rc;
}

int cmd_status(struct ctl *ctl, int argc, char **argv)
{
	enum output out = OUT_SHORT;
	int rc;

	rc = ctl_output_option(ctl, argc, argv, &out);
	if (rc != 0)
		return rc - 1;
	if (optind < argc)
		return ctl_usage(ctl, "status takes no argument \"%s\".", argv[optind]);
	return status(ctl, out);
}
