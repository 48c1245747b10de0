/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every number the instance can tell, under two names: Envoy's dotted one, and Prometheus' family
 * with labels. Gathered anew for each question; what has no counterpart in Envoy is "sluice.".
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdio.h>

#include "sl_stats.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_SIZES };

/** Buckets of every histogram that is shown: Envoy's default ones. */
#define METRICS_BOUNDS 19u

/** A histogram of bytes: how many lie in each bucket, and beyond the last. */
struct metrics_sizes {
	uint64_t n[METRICS_BOUNDS + 1], sum;
};
void metrics_sizes_add(struct metrics_sizes *s, uint64_t bytes);

struct metric {
	enum metric_kind kind;
	char *name;   /* "cluster.NAME.upstream_rq_total" */
	char *family; /* "envoy_cluster_upstream_rq_total" */
	char *labels; /* `envoy_cluster_name="NAME"`, escaped; may be empty */
	char *help;
	uint64_t value;
	struct sl_hist *hist; /* of METRIC_HISTOGRAM, in microseconds; shown in milliseconds */
	struct metrics_sizes sizes; /* of METRIC_SIZES */
	size_t order;               /* in which it was found */
};

struct metrics {
	struct metric *m;
	size_t n, cap;
	bool failed; /* out of memory: some are missing */
};

struct control;

/** Gathers all. Free with metrics_free. */
void metrics_gather(struct metrics *all, struct control *c);
void metrics_free(struct metrics *all);

/**
 * Adds one metric; fmt makes its dotted name.
 *
 * @param labels Copied; see metrics_label. @param hist Copied; NULL but for histograms.
 */
void metrics_add(struct metrics *all, enum metric_kind kind, const char *family, const char *labels,
		 const char *help, uint64_t value, const struct sl_hist *hist, const char *fmt, ...)
	__attribute__((format(printf, 8, 9)));

/** The same for a histogram of bytes, named like another metric but for what is before the dot. */
void metrics_add_sizes(struct metrics *all, const char *family, const char *labels,
		       const char *help, const struct metrics_sizes *sizes, const char *name);

/** Appends `key="value"` with the value escaped, after a comma when buf is not empty. @return buf.
 */
char *metrics_label(char *buf, size_t cap, const char *key, const char *value);

/* Renderings; each sorts the list as it needs it. */
void metrics_text(struct metrics *all, FILE *out);
void metrics_json(struct metrics *all, FILE *out);
void metrics_prometheus(struct metrics *all, FILE *out);

/** Removes what has never counted. */
void metrics_used_only(struct metrics *all);

/** Removes what the function does not want. */
void metrics_filter(struct metrics *all, bool (*wanted)(void *arg, const char *name), void *arg);

#endif
