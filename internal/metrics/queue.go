package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Backlogs are the metrics of the tasks that wait in Temporal's queues.
type Backlogs struct{ tasks, age *prometheus.GaugeVec }

// Backlogs adds the metrics of the tasks that wait in queues. A queue has none until it is set.
func (m *Metrics) Backlogs() *Backlogs {
	labels := []string{"queue", "type"}
	return &Backlogs{
		tasks: m.add.NewGaugeVec(prometheus.GaugeOpts{
			Name: "registrar_queue_backlog_tasks",
			Help: "Tasks that wait for a worker, about, as Temporal reports it to every worker of the queue. Absent while Temporal does not answer.",
		}, labels),
		age: m.add.NewGaugeVec(prometheus.GaugeOpts{
			Name: "registrar_queue_backlog_age_seconds",
			Help: "How long the oldest task waits for a worker, about, as Temporal reports it. Absent while Temporal does not answer.",
		}, labels),
	}
}

// SetBacklog stores how many tasks wait in a queue, and the age of the oldest one. tasks is workflow or activity.
func (b *Backlogs) SetBacklog(queue, tasks string, waiting int64, age time.Duration) {
	b.tasks.WithLabelValues(queue, tasks).Set(float64(waiting))
	b.age.WithLabelValues(queue, tasks).Set(age.Seconds())
}

// ClearBacklog removes what is known of a queue.
func (b *Backlogs) ClearBacklog(queue, tasks string) {
	b.tasks.DeleteLabelValues(queue, tasks)
	b.age.DeleteLabelValues(queue, tasks)
}
