// Has Kafka's own producer write, through a real broker, one topic for each codec and some more, each topic a partition
// whose segment file becomes a vector. What is in them is fixed here; times and producer ids are the broker's.
//   kafka.sh source WriteVectors.java BOOTSTRAP

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class WriteVectors {
  private static final long BASE_TIME = 1_700_000_000_000L;
  private static String bootstrap;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
        admin.createTopics(List.of(new NewTopic(codec, Optional.of(1), Optional.empty()))).all().get();
        // Batch 1: every shape of a record. Batch 2: enough text for several blocks. Both idempotent.
        try (KafkaProducer<byte[], byte[]> producer = producer(codec, Map.of())) {
          sendTogether(producer, shapes(codec));
          sendTogether(producer, texts(codec));
        }
        // Batch 3: from a producer that is not idempotent.
        try (KafkaProducer<byte[], byte[]> producer = producer(codec, Map.of("enable.idempotence", "false"))) {
          sendTogether(producer, List.of(record(codec, BASE_TIME, "plain", "not idempotent")));
        }
      }
      NewTopic appendTime = new NewTopic("append-time", 1, (short) 1)
          .configs(Map.of("message.timestamp.type", "LogAppendTime"));
      admin.createTopics(List.of(appendTime)).all().get();
      try (KafkaProducer<byte[], byte[]> producer = producer("lz4", Map.of())) {
        sendTogether(producer, shapes("append-time"));
      }
      admin.createTopics(List.of(new NewTopic("transactions", 1, (short) 1))).all().get();
      try (KafkaProducer<byte[], byte[]> producer = producer("zstd", Map.of("transactional.id", "vectors"))) {
        producer.initTransactions();
        producer.beginTransaction();
        sendTogether(producer, shapes("transactions"));
        producer.commitTransaction();
        producer.beginTransaction();
        sendTogether(producer, List.of(record("transactions", BASE_TIME, "k", "aborted")));
        producer.abortTransaction();
      }
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(String codec, Map<String, String> more) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("compression.type", codec);
    // One batch for each call of sendTogether: only its flush ends the wait.
    properties.put("linger.ms", "60000");
    properties.put("batch.size", "1000000");
    properties.putAll(more);
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static void sendTogether(
      KafkaProducer<byte[], byte[]> producer, List<ProducerRecord<byte[], byte[]>> records)
      throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> record : records) sent.add(producer.send(record));
    producer.flush();
    for (Future<RecordMetadata> result : sent) result.get();
  }

  private static ProducerRecord<byte[], byte[]> record(String topic, long timestamp, String key, String value) {
    return new ProducerRecord<>(topic, 0, timestamp, utf8(key), utf8(value));
  }

  private static byte[] utf8(String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<ProducerRecord<byte[], byte[]>> shapes(String topic) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    records.add(record(topic, BASE_TIME, "key", "value"));
    records.add(record(topic, BASE_TIME + 5, null, "no key"));
    records.add(record(topic, BASE_TIME - 1, "no value", null));
    records.add(record(topic, 0, null, null));
    records.add(record(topic, BASE_TIME - 100_000_000_000L, "", ""));
    ProducerRecord<byte[], byte[]> withHeaders = record(topic, BASE_TIME, "héllo €", "héllo 🎉");
    withHeaders.headers()
        .add(new RecordHeader("trace", utf8("1")))
        .add(new RecordHeader("null", (byte[]) null))
        .add(new RecordHeader("trace", utf8("2")))
        .add(new RecordHeader("", utf8("")))
        .add(new RecordHeader("größe", new byte[] {0, (byte) 0xff}));
    records.add(withHeaders);
    byte[] random = new byte[3000];
    new Random(1).nextBytes(random);
    records.add(new ProducerRecord<>(topic, 0, BASE_TIME + 1, random, random));
    records.add(record(topic, BASE_TIME + 2, "zeros", "\0".repeat(5000)));
    return records;
  }

  /** About 150 KB of words in 60 records: several blocks for snappy and lz4. */
  private static List<ProducerRecord<byte[], byte[]>> texts(String topic) {
    Random random = new Random(2);
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    String[] words = "append read offset partition segment producer consumer batch record log".split(" ");
    for (int index = 0; index < 60; index += 1) {
      StringBuilder text = new StringBuilder();
      while (text.length() < 2500) text.append(words[random.nextInt(words.length)]).append(' ');
      records.add(record(topic, BASE_TIME + index, "key-" + index, text.toString()));
    }
    return records;
  }
}
