/* SPDX-License-Identifier: BSD-3-Clause */
/* stats, drops, workers: read from the statistics segment, also when control is dead. */
#include <errno.h>
#include <getopt.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jsontext.h"
#include "sl_stats_sum.h"
#include "sluicectl.h"

#define STEADY_TRIES 200

struct walk {
	const regex_t *filter; /* NULL: everything */
	json_t *root;          /* NULL: text is printed */
};

/* What stands once a worker is told in the plural. */
static const char *group_name(const struct sl_stats_item *it)
{
	if (strcmp(it->group, "worker") == 0)
		return "workers";
	return strcmp(it->group, "drop") == 0 ? "drops" : it->group;
}

/* "cluster.outbound|80||x.rq_total"; workers' own numbers have no object. */
static void item_name(const struct sl_stats_item *it, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s%s%s.%s", group_name(it), it->object[0] ? "." : "", it->object,
		 it->field);
}

static bool wanted(const struct walk *w, const struct sl_stats_item *it)
{
	char name[SL_STATS_NAME_MAX + 128];

	item_name(it, name, sizeof(name));
	return w->filter == NULL || regexec(w->filter, name, 0, NULL, 0) == 0;
}

static uint64_t shown(const struct sl_stats_item *it, uint64_t v)
{
	return strcmp(it->kind, "gauge") == 0 ? sl_stats_gauge(v) : v;
}

static int print_item(void *arg, const struct sl_stats_item *it)
{
	char name[SL_STATS_NAME_MAX + 128];

	if (!wanted(arg, it))
		return 0;
	item_name(it, name, sizeof(name));
	if (it->hist == NULL)
		printf("%s: %llu\n", name, (unsigned long long)shown(it, it->sum));
	else
		printf("%s: count %llu, p50 %llu us, p90 %llu us, p99 %llu us\n", name,
		       (unsigned long long)it->hist->count,
		       (unsigned long long)sl_hist_quantile(it->hist, 0.5),
		       (unsigned long long)sl_hist_quantile(it->hist, 0.9),
		       (unsigned long long)sl_hist_quantile(it->hist, 0.99));
	return 0;
}

static json_t *member(json_t *parent, const char *key)
{
	json_t *m = json_object_get(parent, key);

	if (m == NULL) {
		m = json_object();
		json_object_set_new(parent, key, m);
	}
	return m;
}

static json_t *item_value(const struct sl_stats_item *it)
{
	json_t *values;

	if (it->hist != NULL)
		return json_pack("{s:I, s:I, s:I, s:I, s:I}", "count", (json_int_t)it->hist->count,
				 "sum_us", (json_int_t)it->hist->sum_us, "p50_us",
				 (json_int_t)sl_hist_quantile(it->hist, 0.5), "p90_us",
				 (json_int_t)sl_hist_quantile(it->hist, 0.9), "p99_us",
				 (json_int_t)sl_hist_quantile(it->hist, 0.99));
	values = json_array();
	/* The last block is the main lcore's. */
	for (uint32_t i = 0; i + 1 < it->n; i++)
		json_array_append_new(values, json_integer((json_int_t)shown(it, it->value[i])));
	return json_pack("{s:I, s:o, s:I}", "sum", (json_int_t)shown(it, it->sum), "workers",
			 values, "main",
			 (json_int_t)(it->n > 0 ? shown(it, it->value[it->n - 1]) : 0));
}

static int collect_item(void *arg, const struct sl_stats_item *it)
{
	struct walk *w = arg;
	json_t *at;

	if (!wanted(w, it))
		return 0;
	at = member(w->root, group_name(it));
	if (it->object[0] != '\0') {
		json_t *name = json_text(it->object);

		at = member(at, json_string_value(name));
		json_decref(name);
	}
	json_object_set_new(at, it->field, item_value(it));
	return 0;
}

static int stats(struct ctl *ctl, const regex_t *filter, enum output out)
{
	struct walk w = {.filter = filter};
	struct sl_stats *st;
	int rc = ctl_stats(ctl, &st);

	if (rc != EXIT_OK)
		return rc;
	if (out == OUT_JSON) {
		w.root =
			json_pack("{s:s, s:I, s:b, s:i}", "instance", sl_stats_hdr(st)->instance,
				  "generation", (json_int_t)sl_stats_hdr(st)->generation, "running",
				  ctl_stats_alive(st), "n_workers", (int)sl_stats_blocks(st) - 1);
		rc = sl_stats_visit(st, collect_item, &w);
		out_json(w.root);
		json_decref(w.root);
	} else {
		rc = sl_stats_visit(st, print_item, &w);
	}
	sl_stats_close(st);
	if (rc < 0)
		return ctl_fail(EXIT_REFUSED, "The statistics cannot be read: %s.", strerror(-rc));
	return EXIT_OK;
}

int cmd_stats(struct ctl *ctl, int argc, char **argv)
{
	enum output out = OUT_SHORT;
	regex_t filter;
	bool filtered = false;
	int rc;

	rc = ctl_output_option(ctl, argc, argv, &out);
	if (rc != 0)
		return rc - 1;
	if (argc - optind > 1)
		return ctl_usage(ctl, "At most one REGEX.");
	if (optind < argc) {
		filtered = regcomp(&filter, argv[optind], REG_EXTENDED | REG_NOSUB) == 0;
		if (!filtered)
			return ctl_usage(ctl, "\"%s\" is no regular expression.", argv[optind]);
	}
	rc = stats(ctl, filtered ? &filter : NULL, out);
	if (filtered)
		regfree(&filter);
	return rc;
}

static json_t *drop_json(const struct sl_stats *st, uint32_t reason, uint64_t sum)
{
	json_t *workers = json_array();

	for (uint32_t i = 0; i + 1 < sl_stats_blocks(st); i++) {
		struct sl_stats_worker view;

		sl_stats_worker_view(st, i, &view);
		json_array_append_new(workers, json_integer((json_int_t)view.drops[reason]));
	}
	return json_pack("{s:s, s:I, s:o, s:s}", "reason", sl_drop_name(reason), "count",
			 (json_int_t)sum, "workers", workers, "meaning", sl_drop_help(reason));
}

static void drops(const struct sl_stats *st, bool zeros, enum output out)
{
	struct table *t = out == OUT_JSON ? NULL : table_create(3, 3);
	json_t *list = json_array();
	uint64_t sum[SL_DROP_COUNT];
	char count[24];

	sl_stats_sum_drops(st, sum);
	table_row(t, (const char *[]){"REASON", "COUNT", "MEANING"});
	for (uint32_t r = 0; r < SL_DROP_COUNT; r++) {
		if (out == OUT_JSON) {
			json_array_append_new(list, drop_json(st, r, sum[r]));
		} else if (sum[r] != 0 || zeros) {
			snprintf(count, sizeof(count), "%llu", (unsigned long long)sum[r]);
			table_row(t, (const char *[]){sl_drop_name(r), count, sl_drop_help(r)});
		}
	}
	if (out == OUT_JSON)
		out_json(list);
	else
		table_print(t);
	json_decref(list);
}

int cmd_drops(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
					      {"all", no_argument, NULL, 'a'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	enum output out = OUT_SHORT;
	bool zeros = false;
	struct sl_stats *st;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, CTL_OPTS "o:a", longs, NULL)) != -1) {
		if (opt == 'o' && out_parse(ctl, optarg, "short|json", &out) != 0)
			return EXIT_USAGE;
		zeros |= opt == 'a';
		rc = opt == 'o' || opt == 'a' ? 0 : ctl_option(ctl, opt, optarg);
		if (rc != 0)
			return rc - 1;
	}
	if (optind < argc)
		return ctl_usage(ctl, "drops takes no argument \"%s\".", argv[optind]);
	rc = ctl_stats(ctl, &st);
	if (rc != EXIT_OK)
		return rc;
	drops(st, zeros, out);
	sl_stats_close(st);
	return EXIT_OK;
}

struct worker_row {
	struct sl_stats_counters c;
	uint64_t drops;
	int64_t balance;
};

static void read_once(const struct sl_stats *st, uint32_t i, struct worker_row *row)
{
	struct sl_stats_worker view;
	const struct sl_stats_counters *c = &row->c;

	sl_stats_worker_view(st, i, &view);
	memcpy(&row->c, view.c, sizeof(row->c));
	row->drops = 0;
	for (uint32_t r = 0; r < SL_DROP_COUNT; r++)
		row->drops += view.drops[r];
	row->balance =
		(int64_t)(c->rx + c->redirected_in + c->injected + c->originated - c->tx -
			  c->consumed - c->punted - c->redirected_out - row->drops - c->held);
}

/* A running worker changes its numbers while they are read: only what stays wrong is wrong. */
static void read_row(const struct sl_stats *st, uint32_t i, struct worker_row *row)
{
	for (int tries = 0; tries < STEADY_TRIES; tries++) {
		read_once(st, i, row);
		if (row->balance == 0)
			return;
		usleep(200);
	}
}

/* The numbers of a row in the order of the views: X(name, value). */
#define WORKER_COLUMNS(X)                      \
	X(epoch, r->c.epoch)                   \
	X(busy_us, r->c.busy_us)               \
	X(idle_us, r->c.idle_us)               \
	X(rx, r->c.rx)                         \
	X(tx, r->c.tx)                         \
	X(consumed, r->c.consumed)             \
	X(punted, r->c.punted)                 \
	X(redirected_in, r->c.redirected_in)   \
	X(redirected_out, r->c.redirected_out) \
	X(injected, r->c.injected)             \
	X(originated, r->c.originated)         \
	X(held, r->c.held)                     \
	X(drops, r->drops)                     \
	X(balance, r->balance)

static json_t *worker_json(uint32_t i, const struct worker_row *r)
{
	json_t *o = json_pack("{s:i}", "worker", (int)i);

#define SET(name, value) json_object_set_new(o, #name, json_integer((json_int_t)(value)));
	WORKER_COLUMNS(SET)
#undef SET
	return o;
}

static void worker_cells(struct table *t, uint32_t i, const struct worker_row *r)
{
	char cell[16][24];
	const char *cells[16];
	unsigned n = 0;

	snprintf(cell[n++], sizeof(cell[0]), "%u", i);
#define PUT(name, value) snprintf(cell[n++], sizeof(cell[0]), "%lld", (long long)(value));
	WORKER_COLUMNS(PUT)
#undef PUT
	for (unsigned k = 0; k < n; k++)
		cells[k] = cell[k];
	table_row(t, cells);
}

static void workers(const struct sl_stats *st, enum output out)
{
#define HEAD(name, value) #name,
	static const char *const heads[] = {"WORKER", WORKER_COLUMNS(HEAD)};
#undef HEAD
	struct table *t = out == OUT_JSON ? NULL : table_create(SL_ARRAY_LEN(heads), 2);
	json_t *list = json_array();
	struct worker_row row;

	table_row(t, heads);
	for (uint32_t i = 0; i + 1 < sl_stats_blocks(st); i++) {
		read_row(st, i, &row);
		if (out == OUT_JSON)
			json_array_append_new(list, worker_json(i, &row));
		else
			worker_cells(t, i, &row);
	}
	if (out == OUT_JSON)
		out_json(list);
	else
		table_print(t);
	json_decref(list);
}

int cmd_workers(struct ctl *ctl, int argc, char **argv)
{
	enum output out = OUT_SHORT;
	struct sl_stats *st;
	int rc;

	rc = ctl_output_option(ctl, argc, argv, &out);
	if (rc != 0)
		return rc - 1;
	if (optind < argc)
		return ctl_usage(ctl, "workers takes no argument \"%s\".", argv[optind]);
	rc = ctl_stats(ctl, &st);
	if (rc != EXIT_OK)
		return rc;
	workers(st, out);
	sl_stats_close(st);
	return EXIT_OK;
}
