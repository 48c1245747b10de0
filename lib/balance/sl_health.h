/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the data plane finds out about endpoints while traffic flows: results of active checks and
 * ejections of outliers. One table in the process, a row an endpoint by statistics slot; all
 * workers read it and count failures in it, one worker (its cluster's owner) decides.
 */
#ifndef SL_HEALTH_H
#define SL_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* Why an endpoint takes nothing new. */
#define SL_HEALTH_FAILED  0x1u /* active checks */
#define SL_HEALTH_EJECTED 0x2u /* outlier detection */

/** One cache line; every field atomic. */
struct sl_health_row {
	uint64_t born;       /* of the endpoint whose row it is, 0: nobody's; the owner */
	uint64_t since_us;   /* usable since: slow start counts from here; the owner */
	uint64_t ejected_us; /* when it was ejected; the owner */
	uint32_t flags;      /* SL_HEALTH_*; the owner */
	uint32_t ejections;  /* in a row: makes the next one longer; the owner */
	/* Failures in a row; any worker. */
	uint32_t fail_5xx, fail_gateway, fail_local;
	uint32_t due; /* a limit was reached: set by any worker, taken by the owner */
	uint32_t pad[4];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct sl_health_row) == 64, "a row is a cache line");

struct sl_health_table;

/** @return NULL when out of memory. At start. */
struct sl_health_table *sl_health_create(uint32_t rows, uint32_t workers);
void sl_health_free(struct sl_health_table *h);

/** Which worker decides about a cluster's endpoints. @param cluster Its statistics slot. */
uint32_t sl_health_owner(const struct sl_health_table *h, uint32_t cluster);

/**
 * Row of an endpoint; NULL when h is NULL, the slot out of range, or the row (still or already)
 * another endpoint's. Any worker.
 */
struct sl_health_row *sl_health_row(const struct sl_health_table *h, uint32_t slot, uint64_t born);

/** SL_HEALTH_* of an endpoint; 0 when nothing is known of it. Any worker. */
uint32_t sl_health_flags(const struct sl_health_table *h, uint32_t slot, uint64_t born);

/** Changes whenever flags of any row did: tells when what was counted has to be counted anew. */
uint32_t sl_health_generation(const struct sl_health_table *h);

/** Owner: makes the row this endpoint's, with nothing known, when it isn't yet. */
void sl_health_claim(struct sl_health_table *h, uint32_t slot, uint64_t born, uint64_t now_us);

/** Owner: sets or clears one flag; an endpoint that becomes usable starts slowly from now on. */
void sl_health_set(struct sl_health_table *h, struct sl_health_row *row, uint32_t flag, bool on,
		   uint64_t now_us);

/** Owner: whether some row of its clusters is due, since it last asked. */
bool sl_health_news(struct sl_health_table *h, uint32_t worker, uint32_t *seen);

/* ---- outlier detection (as Envoy's: consecutive failures) ---- */

struct sl_outlier {
	uint32_t consecutive_5xx, consecutive_gateway; /* 0: not looked at */
	uint32_t consecutive_local;                    /* 0: local failures count as 5xx */
	uint32_t interval_ms, base_ejection_ms, max_ejection_ms;
	uint32_t max_ejection_percent;
	uint32_t on;
};

enum sl_outlier_result {
	SL_OUTLIER_OK,      /* an answer below 500 */
	SL_OUTLIER_5XX,     /* an answer of 500 and above */
	SL_OUTLIER_GATEWAY, /* 502, 503 or 504 */
	SL_OUTLIER_LOCAL,   /* no answer: connect failure, reset, timeout */
};

/** What an answer counts as. */
enum sl_outlier_result sl_outlier_of_status(uint16_t status);

/**
 * Counts one result; tells the owner when a limit is reached. Any worker.
 *
 * @param owner sl_health_owner of the endpoint's cluster.
 */
void sl_outlier_count(struct sl_health_table *h, struct sl_health_row *row,
		      const struct sl_outlier *cfg, uint32_t owner, enum sl_outlier_result result);

/**
 * Owner: ejects the row if it is due and the limits allow it: at most max_ejection_percent of the
 * cluster's endpoints, but one in any case unless that is 0.
 *
 * @param endpoints Of the cluster.
 * @param ejected Of them, at present.
 * @return Whether it was ejected now.
 */
bool sl_outlier_eject(struct sl_health_table *h, struct sl_health_row *row,
		      const struct sl_outlier *cfg, uint32_t endpoints, uint32_t ejected,
		      uint64_t now_us);

/**
 * Owner, once an interval: takes the row back when its time is over (base_ejection_ms times the
 * ejections in a row, at most max_ejection_ms); an interval without ejection makes the next
 * shorter.
 *
 * @return Whether it was taken back now.
 */
bool sl_outlier_interval(struct sl_health_table *h, struct sl_health_row *row,
			 const struct sl_outlier *cfg, uint64_t now_us);

#endif
