declare module 'evaporate' {
  export default class Evaporate {
    static create(config: {
      signerUrl: string;
      aws_key: string;
      aws_url: string;
      bucket: string;
      awsRegion: string;
      cloudfront: boolean;
      awsSignatureVersion: string;
      computeContentMd5: boolean;
      cryptoMd5Method(data: ArrayBuffer): string;
      cryptoHexEncodedHash256(data: string | ArrayBuffer): string;
      logging: boolean;
      partSize?: number;
      maxConcurrentParts?: number;
    }): Promise<Evaporate>;
    add(upload: { name: string; file: File }): Promise<string>;
  }
}
