/* SPDX-License-Identifier: BSD-3-Clause */
/* What is allowed but most likely not meant: findings about a configuration, for people and CI. */
#ifndef ANALYZE_H
#define ANALYZE_H

#include <jansson.h>

#include "sl_conf.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };

/** "info", "warning" or "error". */
const char *severity_name(enum severity s);

/**
 * Adds {"severity", "code", "object", "at", "message"} to the list; the same is added once.
 *
 * @param object "virtualservice/name.namespace" or empty.
 * @param file,line Where; NULL or empty: unknown.
 */
void finding(json_t *list, enum severity s, const char *code, const char *object, const char *file,
	     int line, const char *fmt, ...) __attribute__((format(printf, 7, 8)));

/** The severity of one of the list. */
enum severity finding_severity(const json_t *f);

/** Everything below, sorted by severity, file and line. 0 or -ENOMEM. */
int analyze(const struct sl_conf *conf, const struct sl_objects *objects, json_t *list);

/** Findings in the translated model: order, prefixes, rewrites, regexes, empty clusters. */
int analyze_model(const struct sl_model *model, json_t *list);

/** Findings between objects: hosts, gateways, destinations, conflicts. */
int analyze_objects(const struct sl_objects *objects, json_t *list);

#endif
