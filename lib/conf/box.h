/* SPDX-License-Identifier: BSD-3-Clause */
/* A parsed sluice.conf, and the tables and readers its files share. */
#ifndef SL_CONF_BOX_H
#define SL_CONF_BOX_H

#include "keys.h"
#include "sl_conf.h"

struct sl_conf {
	config_t cfg;
	struct sl_text text;
	char dir[256]; /* folder of the file: manifests are relative to it */
	struct sl_conf_box box;
	struct sl_conf_control control;
};

/** The whole file. Offsets are of struct sl_conf. */
extern const struct sl_key sl_conf_root_keys[];

#define BOX(field) SL_KEY_AT(struct sl_conf, box.field)

/* Tables that the reference shows as chapters of their own (native.c, ports.c). */
extern const struct sl_key sl_conf_port_keys[];
extern const struct sl_key sl_conf_fault_keys[];
extern const struct sl_key sl_conf_route_keys[];
extern const struct sl_key sl_conf_http_keys[];
extern const struct sl_key sl_conf_limit_keys[];
extern const struct sl_key sl_conf_timeout_keys[];
extern const struct sl_key sl_native_listener_keys[];
extern const struct sl_key sl_native_host_keys[];
extern const struct sl_key sl_native_route_keys[];
extern const struct sl_key sl_native_weight_keys[];
extern const struct sl_key sl_native_cluster_keys[];
extern const struct sl_key sl_native_endpoint_keys[];
extern const struct sl_key sl_native_hash_keys[];
extern const struct sl_key sl_native_limit_keys[];
extern const struct sl_key sl_native_warmup_keys[];
extern const struct sl_key sl_native_ejection_keys[];
extern const struct sl_key sl_native_check_keys[];
extern const struct sl_key sl_native_service_keys[];

/* Elements of the root's lists; dst is a struct sl_conf. */
int sl_conf_port_read(struct sl_reader *r, const config_setting_t *s, void *dst);
int sl_conf_route_read(struct sl_reader *r, const config_setting_t *s, void *dst);

extern const struct sl_key sl_conf_rule_keys[];
extern const struct sl_key sl_conf_session_keys[];
int sl_conf_rule_read(struct sl_reader *r, const config_setting_t *s, void *dst);
int sl_conf_snat_read(struct sl_reader *r, const config_setting_t *s, void *dst);
extern const struct sl_key sl_conf_egress_keys[];
int sl_conf_egress_read(struct sl_reader *r, const config_setting_t *s, void *dst);
/** Whether every address of `snat`, also within `egress`, is one of a port. */
int sl_conf_snat_check(struct sl_reader *r, const struct sl_conf *conf);

/* Elements of the native lists; r->ctx is the struct sl_model that they are added to. */
int sl_native_listener_read(struct sl_reader *r, const config_setting_t *s, void *dst);
int sl_native_cluster_read(struct sl_reader *r, const config_setting_t *s, void *dst);
int sl_native_service_read(struct sl_reader *r, const config_setting_t *s, void *dst);

/** The `fault` group of a port. @param fault Zeroed by the caller; filled. 0 or -EINVAL. */
int sl_conf_fault_read(struct sl_reader *r, const config_setting_t *s, struct sl_conf_fault *fault);

/* Words of path_normalization (enum sl_conf_path) and escaped_slashes (enum sl_http_slashes). */
extern const char *const sl_conf_path_words[];
extern const char *const sl_conf_slash_words[];
extern const char *const sl_conf_trailer_words[];
struct sl_http_path_rules sl_conf_path(int normalization, int slashes);

/* How names are looked up (dns.c). */
extern const struct sl_key sl_conf_dns_keys[];
int sl_conf_dns_check(struct sl_reader *r, const struct sl_conf *conf);

/** Keys of `http` that contradict each other. */
int sl_conf_http_check(struct sl_reader *r, const struct sl_conf *conf);

/** What no single port shows: addresses used twice, routes that lead nowhere. */
int sl_conf_ports_check(struct sl_reader *r, const struct sl_conf *conf);

#endif
