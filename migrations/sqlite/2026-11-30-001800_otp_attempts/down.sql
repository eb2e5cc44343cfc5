DROP TABLE "_otp_attempts";
