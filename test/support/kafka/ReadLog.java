// Reads segment files (*.log) with Kafka's own classes and prints what they hold as one JSON object by path:
// the judge of what our codec reads and writes. Bytes are base64; long ones are their length and SHA-256.
//   kafka.sh source ReadLog.java FILE.log…

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.File;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

public class ReadLog {
  private static final int PLAIN_BYTES_MAX = 200;

  public static void main(String[] paths) throws Exception {
    Map<String, Object> files = new LinkedHashMap<>();
    for (String path : paths) files.put(path, batchesOf(new File(path)));
    ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    System.out.println(mapper.writeValueAsString(files));
  }

  private static List<Object> batchesOf(File file) throws Exception {
    List<Object> batches = new ArrayList<>();
    long position = 0;
    try (FileRecords log = FileRecords.open(file, false)) {
      for (RecordBatch batch : log.batches()) {
        batches.add(batch(batch));
        position += batch.sizeInBytes();
      }
    }
    if (position != file.length()) {
      throw new IllegalStateException(file + ": " + (file.length() - position) + " bytes are no batch");
    }
    return batches;
  }

  private static Map<String, Object> batch(RecordBatch batch) throws Exception {
    batch.ensureValid();
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("sizeInBytes", batch.sizeInBytes());
    fields.put("baseOffset", batch.baseOffset());
    fields.put("lastOffset", batch.lastOffset());
    fields.put("partitionLeaderEpoch", batch.partitionLeaderEpoch());
    fields.put("magic", batch.magic());
    fields.put("crc", batch.checksum());
    fields.put("compression", batch.compressionType().name);
    fields.put("timestampType", batch.timestampType().name);
    fields.put("isTransactional", batch.isTransactional());
    fields.put("isControl", batch.isControlBatch());
    fields.put("baseTimestamp", baseTimestamp(batch));
    fields.put("maxTimestamp", batch.maxTimestamp());
    fields.put("producerId", batch.producerId());
    fields.put("producerEpoch", batch.producerEpoch());
    fields.put("baseSequence", batch.baseSequence());
    fields.put("recordCount", batch.countOrNull());
    List<Object> records = new ArrayList<>();
    for (Record record : batch) records.add(record(record));
    if (records.size() != batch.countOrNull()) {
      throw new IllegalStateException(records.size() + " records, not " + batch.countOrNull());
    }
    fields.put("records", records);
    return fields;
  }

  private static long baseTimestamp(RecordBatch batch) {
    ByteBuffer bytes = ByteBuffer.allocate(batch.sizeInBytes());
    batch.writeTo(bytes);
    return bytes.getLong(27);
  }

  private static Map<String, Object> record(Record record) throws Exception {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("offset", record.offset());
    fields.put("timestamp", record.timestamp());
    fields.put("key", bytes(record.key()));
    fields.put("value", bytes(record.value()));
    List<Object> headers = new ArrayList<>();
    for (Header header : record.headers()) {
      Map<String, Object> pair = new LinkedHashMap<>();
      pair.put("key", header.key());
      pair.put("value", bytes(header.value() == null ? null : ByteBuffer.wrap(header.value())));
      headers.add(pair);
    }
    fields.put("headers", headers);
    return fields;
  }

  private static Object bytes(ByteBuffer buffer) throws Exception {
    if (buffer == null) return null;
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    if (bytes.length <= PLAIN_BYTES_MAX) return Base64.getEncoder().encodeToString(bytes);
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("length", bytes.length);
    summary.put("sha256", HexFormat.of().formatHex(digest));
    return summary;
  }
}
