/* SPDX-License-Identifier: MIT */
/* Owns the protocol: lines, commands and their answers. What is asked: engine.c, watch.c. */
#include "vmm/qemu/qmp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A QEMU that says nothing for so long has died without closing, or hangs. */
#define ANSWER_MS 5000
#define ANSWER_TEXT "5 s"

static json_t *take_message(struct qmp *qmp, const char *line, size_t bytes)
{
	json_t *message = json_loadb(line, bytes, 0, NULL);
	const char *event = json_string_value(json_object_get(message, "event"));

	if (event && qmp->event)
		qmp->event(qmp->owner, event, json_object_get(message, "data"));
	if (json_object_get(message, "return") || json_object_get(message, "error"))
		return message;
	json_decref(message);
	return NULL;
}

/* All complete lines of the buffer. */
static json_t *take_lines(struct qmp *qmp)
{
	json_t *answer = NULL;
	char *line = qmp->buffer, *end;

	while ((end = memchr(line, '\n', qmp->bytes - (size_t)(line - qmp->buffer)))) {
		json_t *message = take_message(qmp, line, (size_t)(end - line));

		if (message) {
			json_decref(answer);
			answer = message;
		}
		line = end + 1;
	}
	qmp->bytes -= (size_t)(line - qmp->buffer);
	memmove(qmp->buffer, line, qmp->bytes);
	return answer;
}

bool qmp_receive(struct qmp *qmp, int timeout_ms, json_t **answer)
{
	struct pollfd ready = { .fd = qmp->fd, .events = POLLIN };
	ssize_t n;
	int come;

	*answer = NULL;
	do
		come = qmp->closed ? 0 : poll(&ready, 1, timeout_ms);
	while (come < 0 && errno == EINTR);
	if (come <= 0)
		return false;
	n = read(qmp->fd, qmp->buffer + qmp->bytes, sizeof(qmp->buffer) - qmp->bytes);
	if (n <= 0) { /* also: a line that fills the whole buffer */
		qmp->closed = true;
		return false;
	}
	qmp->bytes += (size_t)n;
	*answer = take_lines(qmp);
	return true;
}

static int send_line(struct qmp *qmp, const char *name, json_t *arguments, struct err *err)
{
	json_t *command = json_pack("{s:s, s:o*}", "execute", name, "arguments", arguments);
	char *text = command ? json_dumps(command, JSON_COMPACT) : NULL;
	size_t bytes = text ? strlen(text) : 0;
	int ret = 0;

	if (!text) {
		ret = err_set(err, EXIT_HOST, "no memory for a command to QEMU");
	} else if (qmp->silent) {
		ret = err_set(err, EXIT_VMM, "QEMU does not do %s: it has ceased to answer", name);
	} else if (send(qmp->fd, text, bytes, MSG_NOSIGNAL) != (ssize_t)bytes) {
		ret = err_errno(err, EXIT_VMM, "QEMU does not take the command %s", name);
		qmp->closed = true;
	}
	free(text);
	json_decref(command);
	return ret;
}

json_t *qmp_command(struct qmp *qmp, const char *name, json_t *arguments, struct err *err)
{
	json_t *answer = NULL, *value;
	const char *words;

	if (send_line(qmp, name, arguments, err))
		return NULL;
	while (!answer && qmp_receive(qmp, ANSWER_MS, &answer))
		;
	qmp->silent = !answer && !qmp->closed;
	value = json_incref(json_object_get(answer, "return"));
	words = json_string_value(json_object_get(json_object_get(answer, "error"), "desc"));
	if (!value)
		err_set(err, EXIT_VMM, "QEMU does not do %s: %s", name,
			words	      ? words
			: qmp->closed ? "it has gone"
				      : "no answer in " ANSWER_TEXT);
	json_decref(answer);
	return value;
}

int qmp_do(struct qmp *qmp, const char *name, struct err *err)
{
	json_t *value = qmp_command(qmp, name, NULL, err);

	json_decref(value);
	return value ? 0 : -1;
}
